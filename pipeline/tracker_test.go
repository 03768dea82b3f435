package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

var subject = pipeline.Subject{StreamKey: key("A"), Kind: pipeline.KindMirror, Origin: "O"}

// said is a verdict of the rule "r" on one link, with the evidence at a second.
func said(level pipeline.Level, evidence float64, reason string) pipeline.Verdict {
	return pipeline.Verdict{Rule: "r", Subject: subject, Level: level, Evidence: at(evidence), Since: at(evidence), Reason: reason, Limit: 30}
}

// judged is one verdict at a second, and the change that is wanted; empty: none.
type judged struct {
	at      float64
	verdict pipeline.Verdict
	want    pipeline.ChangeKind
}

func TestTrackerTellsEachStepOfAnIncident(t *testing.T) {
	const ok, warning, critical, unknown = pipeline.OK, pipeline.Warning, pipeline.Critical, pipeline.Unknown
	raised := said(ok, 0, "")
	raised.Limit = 60
	for name, steps := range map[string][]judged{
		"ok and unknown open nothing":   {{0, said(ok, 0, ""), ""}, {1, said(unknown, 0, ""), ""}},
		"opens once":                    {{0, said(critical, 0, "x"), pipeline.Opened}, {1, said(critical, 0, "x"), ""}},
		"grows worse":                   {{0, said(warning, 0, "x"), pipeline.Opened}, {1, said(critical, 0, "x"), pipeline.Escalated}},
		"grows better":                  {{0, said(critical, 0, "x"), pipeline.Opened}, {1, said(warning, 0, "x"), pipeline.Eased}},
		"unknown ends nothing":          {{0, said(critical, 0, "x"), pipeline.Opened}, {1, said(unknown, 5, ""), ""}, {2, said(ok, 5, ""), pipeline.Resolved}},
		"old evidence resolves nothing": {{0, said(critical, 5, "x"), pipeline.Opened}, {9, said(ok, 5, ""), ""}, {10, said(ok, 4, ""), ""}},
		"evidence of a later violation counts": {
			{0, said(critical, 5, "x"), pipeline.Opened}, {1, said(critical, 8, "x"), ""}, {2, said(critical, 6, "x"), ""}, {9, said(ok, 7, ""), ""}, {10, said(ok, 9, ""), pipeline.Resolved},
		},
		"another limit closes":                {{0, said(critical, 0, "x"), pipeline.Opened}, {1, raised, pipeline.Closed}},
		"another reason is told after a time": {{0, said(critical, 0, "x"), pipeline.Opened}, {3, said(critical, 0, "y"), ""}, {10, said(critical, 0, "y"), pipeline.Updated}},
		"a reason that comes and goes is not": {{0, said(critical, 0, "x"), pipeline.Opened}, {3, said(critical, 0, "y"), ""}, {10, said(critical, 0, "x"), ""}},
		"opens again after its end":           {{0, said(critical, 0, "x"), pipeline.Opened}, {1, said(ok, 1, ""), pipeline.Resolved}, {2, said(critical, 1, "x"), pipeline.Opened}},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := pipeline.NewTracker(nil, nil)
			number, id := 0, ""
			for _, s := range steps {
				change, changed := tracker.Judge(at(s.at), s.verdict)
				if changed != (s.want != "") || change.Kind != s.want {
					t.Fatalf("at %v: %q, want %q", s.at, change.Kind, s.want)
				}
				if !changed {
					continue
				}
				if change.Kind == pipeline.Opened {
					if change.Incident.ID == id {
						t.Errorf("opened again under %s", id)
					}
					number, id = 0, change.Incident.ID
				}
				number++
				if change.Incident.Changes != number || change.Incident.ID != id {
					t.Errorf("at %v: %s, want %s/%d", s.at, change.Key(), id, number)
				}
				if ended := !change.Incident.Ended.IsZero(); ended != change.Kind.Ends() || tracker.Has(subject.StreamKey) == ended {
					t.Errorf("at %v: %s: ended %t, still open %t", s.at, change.Kind, ended, tracker.Has(subject.StreamKey))
				}
			}
		})
	}
}

func TestTrackerTellsHowLongContactWasMissing(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	opened, _ := tracker.Judge(at(40), said(pipeline.Critical, 10, "x"))
	if opened.Silent != 30*time.Second || opened.Incident.Since != at(10) {
		t.Errorf("opened after %s since %s, want 30s since 10s", opened.Silent, since(opened.Incident.Since))
	}
	resolved, _ := tracker.Judge(at(100), said(pipeline.OK, 95, ""))
	if resolved.Silent != 85*time.Second || resolved.From != pipeline.Critical || resolved.Incident.Level != pipeline.Critical {
		t.Errorf("resolved after %s from %s as %s, want 1m25s, critical", resolved.Silent, resolved.From, resolved.Incident.Level)
	}
}

func TestTrackerGoesOnWithKeptIncidents(t *testing.T) {
	first := pipeline.NewTracker(nil, nil)
	opened, _ := first.Judge(at(40), said(pipeline.Critical, 10, "x"))
	kept, err := json.Marshal(opened.Incident)
	if err != nil {
		t.Fatal(err)
	}
	var incident pipeline.Incident
	if err := json.Unmarshal(kept, &incident); err != nil {
		t.Fatal(err)
	}
	second := pipeline.NewTracker([]pipeline.Incident{incident}, nil)
	if change, changed := second.Judge(at(60), said(pipeline.Critical, 10, "x")); changed {
		t.Errorf("%s told again", change.Kind)
	}
	resolved, _ := second.Judge(at(70), said(pipeline.OK, 65, ""))
	if resolved.Kind != pipeline.Resolved || resolved.Key() != opened.Incident.ID+"/2" {
		t.Errorf("%s %s, want %s/2 resolved", resolved.Key(), resolved.Kind, opened.Incident.ID)
	}
}

func TestTrackerIDIsMadeOfRuleSubjectAndTime(t *testing.T) {
	id := func(rule, stream string, second float64) string {
		v := said(pipeline.Critical, 0, "x")
		v.Rule, v.Subject.Stream = rule, stream
		change, _ := pipeline.NewTracker(nil, nil).Judge(at(second), v)
		return change.Incident.ID
	}
	same := id("r", "A", 1)
	if again := id("r", "A", 1); again != same || !strings.HasPrefix(same, "mw-") {
		t.Errorf("%s, and again %s", same, again)
	}
	for _, other := range []string{id("q", "A", 1), id("r", "B", 1), id("r", "A", 2)} {
		if other == same {
			t.Errorf("%s stands for two incidents", same)
		}
	}
}

func TestTrackerClosesWithoutProof(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	if _, closed := tracker.Close(at(0), "r", subject, "gone"); closed {
		t.Error("closed what was never open")
	}
	tracker.Judge(at(0), said(pipeline.Critical, 0, "x"))
	other := said(pipeline.Warning, 0, "x")
	other.Rule = "other"
	tracker.Judge(at(0), other)
	changes := tracker.CloseRest(at(5), subject.StreamKey, "no limit", func(rule string, _ pipeline.Subject) bool { return rule == "r" })
	if len(changes) != 1 || changes[0].Kind != pipeline.Closed || changes[0].Incident.Rule != "other" || changes[0].Incident.Reason != "no limit" {
		t.Errorf("%+v, want other closed", changes)
	}
	change, closed := tracker.Close(at(6), "r", subject, "gone")
	if !closed || change.Incident.Reason != "gone" || change.Silent != 6*time.Second || len(tracker.All()) != 0 {
		t.Errorf("%+v, %d left open", change, len(tracker.All()))
	}
	told := tracker.Tell(at(7), "r", subject, "deleted")
	if told.Kind != pipeline.Closed || told.Incident.Changes != 1 || told.Incident.Ended.IsZero() || len(tracker.All()) != 0 {
		t.Errorf("told %+v", told)
	}
}

// Two incidents on the same come up where the end of the older one was never written down.
func TestTrackerEndsEachOfSeveralIncidentsOnTheSame(t *testing.T) {
	incident := func(second float64) pipeline.Incident {
		change, _ := pipeline.NewTracker(nil, nil).Judge(at(second), said(pipeline.Critical, second, "x"))
		return change.Incident
	}
	older, newer := incident(10), incident(20)
	for name, kept := range map[string][]pipeline.Incident{"in order": {older, newer}, "the other way": {newer, older}} {
		t.Run(name, func(t *testing.T) {
			for how, end := range map[string]func(*pipeline.Tracker) []pipeline.Change{
				"resolved": func(tracker *pipeline.Tracker) []pipeline.Change {
					change, _ := tracker.Judge(at(40), said(pipeline.OK, 35, ""))
					return append([]pipeline.Change{change}, tracker.EndOthers(at(40), change)...)
				},
				"closed one by one": func(tracker *pipeline.Tracker) []pipeline.Change {
					first, _ := tracker.Close(at(40), "r", subject, "gone")
					second, _ := tracker.Close(at(40), "r", subject, "gone")
					return []pipeline.Change{first, second}
				},
				"closed at once": func(tracker *pipeline.Tracker) []pipeline.Change {
					return tracker.CloseRest(at(40), subject.StreamKey, "gone", nil)
				},
			} {
				tracker := pipeline.NewTracker(kept, nil)
				if all := tracker.All(); len(all) != 2 || all[0].ID != older.ID || all[1].ID != newer.ID {
					t.Fatalf("%s: open are %+v", how, all)
				}
				change, changed := tracker.Judge(at(30), said(pipeline.Critical, 20, "x"))
				if others := tracker.EndOthers(at(30), change); changed || len(others) > 0 {
					t.Errorf("%s: %s is told, and %+v", how, change.Kind, others)
				}
				ends := end(tracker)
				if len(ends) != 2 || ends[0].Key() != newer.ID+"/2" || ends[1].Key() != older.ID+"/2" || ends[0].Kind != ends[1].Kind || !ends[0].Kind.Ends() {
					t.Errorf("%s: %+v", how, ends)
				}
				if tracker.Has(subject.StreamKey) || len(tracker.All()) > 0 {
					t.Errorf("%s: %d are left open", how, len(tracker.All()))
				}
			}
		})
	}
}
