package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestBlindConnectionIsOneIncidentAndNoneOfItsLinks(t *testing.T) {
	var mirrors []*mirror
	for i, limit := range []float64{30, 40, 60, 0} {
		mirrors = append(mirrors, &mirror{key: key(fmt.Sprint("M", i)), limit: secs(limit), frozen: cut(60.5, 200.5)})
	}
	w := newWorld(t, mirrors...)
	w.run(0, 300)
	if len(w.changes) != 2 {
		t.Fatalf("%d changes, want unobserved opened and resolved: %+v", len(w.changes), w.changes)
	}
	opened, resolved := w.changes[0], w.changes[1]
	if opened.Kind != pipeline.Opened || opened.Incident.Rule != pipeline.RuleUnobserved || !opened.At.Equal(at(90)) {
		t.Errorf("%s of %s at %s, want unobserved opened at the earliest deadline, 1m30s", opened.Kind, opened.Incident.Rule, since(opened.At))
	}
	if resolved.Kind != pipeline.Resolved || resolved.At.Before(at(200.5)) || resolved.At.After(at(212)) {
		t.Errorf("%s at %s, want resolved within 12s of 3m20.5s", resolved.Kind, since(resolved.At))
	}
}

func TestBlindnessEndsOnlyWhenEachLinkIsCovered(t *testing.T) {
	well := &mirror{key: key("WELL"), limit: secs(30), frozen: cut(60.5, 120.5)}
	dead := &mirror{key: key("DEAD"), limit: secs(30), frozen: cut(60.5, 120.5), cut: cut(70.5, 400)}
	w := newWorld(t, well, dead)
	w.watching = func(now time.Time) {
		// WELL is never without its proof or the connection's incident, and DEAD never without one of the two incidents.
		if now.Before(at(90)) {
			return
		}
		open := map[string]bool{}
		for _, i := range w.watch.Incidents() {
			open[i.Rule+i.Subject.Stream] = true
		}
		if !open[pipeline.RuleUnobserved] && !open[pipeline.RuleSeen+"DEAD"] {
			t.Errorf("at %s nothing covers DEAD", since(now))
		}
	}
	w.run(0, 200)
	w.wants(
		change{90, pipeline.Opened, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved},
		change{126.375, pipeline.Opened, pipeline.RuleSeen, "DEAD", pipeline.ReasonSilent},
		change{127.375, pipeline.Resolved, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved},
	)
}

func TestShortBlindnessIsNoIncident(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), frozen: cut(60.5, 75.5)}, &mirror{key: key("B"), limit: secs(30), frozen: cut(60.5, 75.5)})
	w.run(0, 200)
	w.wants()
}

func TestOpenIncidentsStayOpenThroughBlindness(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(10.5, 400), frozen: cut(60.5, 120.5)})
	w.run(0, 200)
	w.wants(
		change{40, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
		change{96.375, pipeline.Opened, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved}, // nobody falls due: after its patience
		change{126.375, pipeline.Resolved, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved},
	)
}

func TestBlindFromTheStartIsTold(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), frozen: cut(0, 100)})
	w.keys = nil // nothing is listed
	w.start(0, nil, nil)
	w.watch.Signal(at(0), pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: "no servers available"})
	w.run(0, 60)
	if len(w.changes) != 0 {
		t.Errorf("an answered round of no streams: %+v", w.changes)
	}

	w = newWorld(t, &mirror{key: key("A"), limit: secs(30), frozen: cut(0, 100)})
	w.run(0, 60)
	w.wants(change{30, pipeline.Opened, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved})
}

func TestStreamThatAloneStaysSilentOpensItsOwnIncident(t *testing.T) {
	for _, limit := range []float64{5, 6, 7.3, 9, 12, 30} {
		for phase := 0.0; phase < 5; phase += 0.5 {
			w := newWorld(t,
				&mirror{key: key("FROZEN"), limit: secs(limit), frozen: cut(60.2+phase, 400)},
				&mirror{key: key("WELL"), limit: secs(limit)})
			w.run(0, 120)
			last := w.mirrors[key("FROZEN")]
			if len(w.changes) == 0 || w.changes[0].Incident.Rule != pipeline.RuleSeen || w.changes[0].Incident.Subject.StreamKey != last.key {
				t.Errorf("limit %v, frozen at %v: %+v, want seen", limit, 60.2+phase, w.changes)
				continue
			}
			reason := w.changes[len(w.changes)-1].Incident.Reason
			if opened := w.changes[0]; reason != string(pipeline.FaultNoAnswer) || opened.Kind != pipeline.Opened {
				t.Errorf("limit %v, frozen at %v: %s with the reason %q, want no answer", limit, 60.2+phase, opened.Kind, reason)
			}
		}
	}
}

func TestPauseOfOurOwnPagesNobodyWhoseMirrorIsWell(t *testing.T) {
	for _, pause := range []float64{3, 29, 45, 600} {
		w := newWorld(t, &mirror{key: key("A"), limit: secs(30)}, &mirror{key: key("B"), limit: secs(10)})
		w.away = func(now time.Time) time.Duration {
			if now.Equal(at(60)) {
				return secs(pause)
			}
			return 0
		}
		w.run(0, 60+pause+60)
		w.wants()
	}
}

func TestPauseOfOurOwnHidesNoDeadMirror(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 900)}, &mirror{key: key("B"), limit: secs(30)})
	w.away = func(now time.Time) time.Duration {
		if now.Equal(at(66.375)) {
			return secs(100)
		}
		return 0
	}
	w.run(0, 300)
	w.wants(change{166.375, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent}) // the first answer after it is certain
}
