package recording_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/recording"
	"mirrorwatch/pipeline/rules"
)

const (
	limit = 30 * time.Second // in every recording
	late  = 600 * time.Millisecond
	slow  = 12 * time.Second // a resolve comes at most this long after contact is steadily back
)

// silence is a stretch of a recording in which a link has no contact.
type silence struct {
	from, back string        // names of the phases in which it begins, and in which the fault is mended; from "": all along
	through    string        // the last phase in which contact is steady again; empty: to the end of the recording
	hears      time.Duration // how long after the beginning of from contact may still be
	dark       string        // the phase from which nothing answers
	reasons    []string      // of the incident at its opening
}

// plays tells what is silent in each recording; all the rest of it is healthy.
func plays() map[string][]silence {
	silent := []string{pipeline.ReasonSilent}
	return map[string][]silence{
		"A-backlog":                 {{from: "cut-midway", back: "restored", reasons: silent}},
		"A-blackhole":               {{from: "fault", back: "restoring", reasons: silent}},
		"A-cut":                     {{from: "fault", back: "restoring", reasons: silent}},
		"A-cut-short15s":            {{from: "fault", back: "restoring", reasons: silent}},
		"A-idle":                    nil,
		"A-leafperm2":               {{from: "deny-deliver+blip", back: "back", reasons: silent}},
		"A-mirror-restart-linkdown": {{from: "cut", back: "restored", through: "restored", reasons: silent}},
		"A-mirrorfull":              nil,
		"A-nosuch":                  {{back: "created-at-last", reasons: []string{pipeline.ReasonServerError}}},
		"A-promote":                 nil,
		"A-purge":                   nil,
		"A-srcrecreate-fast":        nil,
		"A-startseq-filter":         nil,
		"B-allpeersdown":            {{from: "kill-all-3-peers", back: "restored", dark: "kill-all-3-peers", reasons: []string{pipeline.ReasonUnobserved}}},
		"B-quorumloss": {{
			from: "kill-2-followers", hears: 25 * time.Second, dark: "kill-last", back: "restored",
			reasons: []string{pipeline.ReasonNoLeader},
		}},
		"B-srcstepdown":       nil,
		"B-stepdown-linkdown": {{from: "cut", back: "restored", reasons: silent}},
		"B-stepdown-linkup":   nil,
		"BE-cut":              {{from: "cut", back: "restored", reasons: silent}},
		"C-deliver-import":    {{from: "removed-deliver-import", back: "restored", reasons: silent}},
		"C-fc-import-load":    nil,
		"CE-deliver-import":   {{from: "removed-deliver-import", back: "restored", reasons: silent}},
		"E-cut":               {{from: "fault", back: "restoring", reasons: silent}},
	}
}

// TestReplayOpensInEverySilenceAndNowhereElse plays every recording with several starts and intervals of looks, and
// holds each incident against what the recording's full resolution and its phases say of contact.
func TestReplayOpensInEverySilenceAndNowhereElse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	all := plays()
	if len(files) != len(all) {
		t.Fatalf("%d recordings, %d are described", len(files), len(all))
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%-26s %-7s %5s %5s  %-32s %9s %9s %9s %9s\n", "recording", "origin", "start", "every", "opened as",
		"- proof", "- contact", "resolved", "- steady")
	for _, file := range files {
		rec, err := recording.Open(file, jetstream.Decode)
		if err != nil {
			t.Fatal(err)
		}
		silences, known := all[rec.Name]
		if !known {
			t.Errorf("%s is not described", rec.Name)
		}
		for _, start := range []float64{0, 1.3, 2.6, 3.9} {
			for _, interval := range []float64{4.5, 5, 5.5} {
				r := play(rec, seconds(start), seconds(interval))
				r.t, r.table = t, &table
				r.name = fmt.Sprintf("%-26s %%-7s %5.1f %5.1f", rec.Name, start, interval)
				r.judge(silences)
			}
		}
	}
	t.Log("\n" + table.String())
}

// TestReplayClosesAPromotedMirror wants one closed change, at the look that sees the promotion.
func TestReplayClosesAPromotedMirror(t *testing.T) {
	rec, err := recording.Open("testdata/A-promote.jsonl.gz", jetstream.Decode)
	if err != nil {
		t.Fatal(err)
	}
	r := play(rec, 0, 5*time.Second)
	if len(r.changes) != 1 {
		t.Fatalf("changes: %+v, want one", r.changes)
	}
	c := r.changes[0]
	if c.Kind != pipeline.Closed || c.Incident.Rule != pipeline.RuleSeen || !strings.HasPrefix(c.Incident.Reason, "promoted") {
		t.Errorf("%s %s: %q, want seen closed as promoted", c.Incident.Rule, c.Kind, c.Incident.Reason)
	}
	if promoted := phase(t, rec, "promoted"); c.At.Before(promoted.From) || c.At.After(promoted.From.Add(5*time.Second)) {
		t.Errorf("closed at %s, promoted at %s", c.At, promoted.From)
	}
}

// replayed is what a recording led to.
type replayed struct {
	t     *testing.T
	table *strings.Builder
	name  string

	rec         *recording.Recording
	first, last time.Time
	interval    time.Duration
	changes     []pipeline.Change
	proofs      map[string]time.Time // by the key of an opened change: the earliest proof among the links that it covers
}

// play runs the pipeline over a recording from some time after its beginning.
func play(rec *recording.Recording, start, interval time.Duration) *replayed {
	first, last := rec.Span()
	r := &replayed{rec: rec, first: first.Add(start), last: last, interval: interval, proofs: map[string]time.Time{}}
	board := pipeline.NewBoard(r.first)
	w := pipeline.NewWatch(r.first, pipeline.WatchOptions{
		Connection: mirror.Connection,
		Rules: []pipeline.Rule{
			rules.Seen{},
			rules.SeenDefault{After: 5 * time.Minute},
			rules.Lag{},
			rules.Policy{},
			rules.Unobserved{Patience: rules.DefaultPatience},
		},
		Interval: interval, LooksPerSecond: 500, Board: board,
	}, pipeline.State{})
	rehearsal := pipeline.Rehearsal{Streams: rec.Streams(mirror.Connection), At: rec.At}
	rehearsal.Run(w, r.first, last, func(_ time.Time, changes []pipeline.Change) {
		for _, c := range changes {
			r.proofs[c.Key()] = earliestProof(board, c.Incident.Subject)
		}
		r.changes = append(r.changes, changes...)
	})
	return r
}

func earliestProof(board *pipeline.Board, subject pipeline.Subject) time.Time {
	var earliest time.Time
	for l := range board.Links() {
		proof := l.Proof
		if proof.IsZero() {
			proof = l.First
		}
		if subject.IsLink() && l.Subject != subject {
			continue
		}
		if earliest.IsZero() || proof.Before(earliest) {
			earliest = proof
		}
	}
	return earliest
}

// judge holds the changes against the silences of the recording.
func (r *replayed) judge(silences []silence) {
	r.t.Helper()
	left := slices.DeleteFunc(slices.Clone(r.changes), func(c pipeline.Change) bool {
		return c.Kind == pipeline.Updated || c.Kind == pipeline.Closed && strings.HasPrefix(c.Incident.Reason, "promoted")
	})
	for _, origin := range r.origins() {
		for _, s := range silences {
			left = r.judgeSilence(origin, s, left)
		}
		if len(silences) == 0 {
			fmt.Fprintf(r.table, r.name+"  healthy\n", origin)
		}
	}
	for _, c := range left {
		r.t.Errorf(r.name+": at %s %s %s: %s, for no silence", c.Incident.Subject.Origin, c.At.Format(clock), c.Incident.Rule, c.Kind, c.Incident.Reason)
	}
}

// judgeSilence finds the changes that a silence is to lead to, and returns the others.
func (r *replayed) judgeSilence(origin string, s silence, changes []pipeline.Change) (left []pipeline.Change) {
	truth := r.truth(origin, s)
	var cover, end *pipeline.Change
	for i := range changes {
		c := &changes[i]
		unobserved := c.Incident.Rule == pipeline.RuleUnobserved && s.dark != ""
		mine := c.Incident.Rule == pipeline.RuleSeen && c.Incident.Subject.Origin == origin
		switch {
		case unobserved && cover != nil && cover.Incident.Rule != pipeline.RuleUnobserved:
			// nothing answers any more while the link's own incident is open
		case c.Kind == pipeline.Opened && cover == nil && (unobserved || mine):
			cover = c
		case c.Kind == pipeline.Resolved && end == nil && cover != nil && c.Incident.ID == cover.Incident.ID:
			end = c
		default:
			left = append(left, *c)
		}
	}
	fault := func(format string, args ...any) {
		r.t.Helper()
		r.t.Errorf(r.name+": %s", origin, fmt.Sprintf(format, args...))
	}
	if cover == nil {
		fault("silent from %s to %s, and nothing opened", truth.contact.Format(clock), truth.back.Format(clock))
		return left
	}
	proof := r.proofs[cover.Key()]
	if d := cover.At.Sub(proof.Add(limit)); d < 0 || d > late {
		fault("opened %s after proof and limit", d)
	}
	if d := cover.At.Sub(truth.contact.Add(limit)); d < -r.interval*3/2 || d > late { // rounds keep no beat
		fault("opened %s after last contact and limit", d)
	}
	if !slices.Contains(s.reasons, cover.Incident.Reason) {
		fault("opened as %q, want one of %q", cover.Incident.Reason, s.reasons)
	}
	resolved, steady := "-", "-"
	switch {
	case end == nil && !truth.steady.IsZero() && r.last.Sub(truth.steady) > slow:
		fault("contact steady from %s, and not resolved", truth.steady.Format(clock))
	case end != nil:
		if end.At.Before(truth.back) {
			fault("resolved at %s, before contact came back at %s", end.At.Format(clock), truth.back.Format(clock))
		}
		if d := end.At.Sub(truth.steady); d > slow {
			fault("resolved %s after contact was steady", d)
		}
		resolved, steady = end.At.Format(clock), fmt.Sprintf("%.3fs", end.At.Sub(truth.steady).Seconds())
	}
	fmt.Fprintf(r.table, r.name+"  %-32.32s %8.3fs %8.3fs %9s %9s\n", origin, cover.Incident.Rule+": "+cover.Incident.Reason,
		cover.At.Sub(proof.Add(limit)).Seconds(), cover.At.Sub(truth.contact.Add(limit)).Seconds(), resolved, steady)
	return left
}

const clock = "15:04:05.000"

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
