package pipeline_test

import (
	"testing"

	"mirrorwatch/pipeline"
)

// Looks that cannot all be made in time page nobody, unless the connection's policy finding says so.
func TestHealthyMirrorsOpenNothingWhereLooksAreScarce(t *testing.T) {
	t.Parallel()
	lasting := 300.0
	if racing {
		lasting = 100 // beyond the longest limit
	}
	for _, c := range []struct {
		name                           string
		mirrors                        int
		perSec, limit, delay, interval float64
	}{
		{"a budget that just holds", 164, 29.1, 13.5, 0.2, 30},
		{"places are the bottleneck, limit 14 s", 200, 500, 14, 0.2, 30},
		{"places are the bottleneck, limit 20 s", 200, 500, 20, 0.5, 30},
		{"rounds slower than the limit", 182, 4.9, 49.4, 0.1, 5},
		{"names that are alike", 202, 3.6, 92.76, 0.084, 6.2},
		{"streams that are proven while they wait for a look", 258, 140.4, 6.4, 0.053, 36.2},
		{"answers that come after the deadline", 221, 500, 38.6, 0.76, 46.8},
		{"pairs that would all begin at once", 251, 500, 46.1, 0.24, 51.5},
		{"slow answers from the start on", 301, 24.2, 19.8, 0.813, 36.5},
		{"more than places allow", 400, 500, 10, 1, 30},
		{"rounds near the limit", 155, 5.4, 40.9, 0.1, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			mirrors := many(c.mirrors, c.limit)
			for _, m := range mirrors {
				m.delay = secs(c.delay)
			}
			w := newWorld(t, mirrors...)
			w.opt.Interval, w.opt.LooksPerSecond = secs(c.interval), c.perSec
			w.run(0, lasting)
			told, early := false, 0
			for _, change := range w.changes {
				switch {
				case change.Kind != pipeline.Opened && change.Kind != pipeline.Resolved && change.Kind != pipeline.Closed:
				case change.Incident.Rule == pipeline.RulePolicy:
					told = change.Kind == pipeline.Opened
				case change.Incident.Rule == pipeline.RuleSeen && change.Kind == pipeline.Opened && !told:
					early++
				}
			}
			if early > 0 {
				t.Errorf("seen opened %d times on healthy mirrors, while no finding stands", early)
			}
		})
	}
}

func TestStreamsThatALookLeftOutAreJudgedInOneOrder(t *testing.T) {
	w := newWorld(t)
	var records []pipeline.StreamRecord
	for _, m := range many(20, 30) {
		records = append(records, pipeline.StreamRecord{
			Key: m.key, First: at(0), Policy: pipeline.Policy{SeenCritical: pipeline.Some(secs(30))},
			Links: []pipeline.LinkRecord{{Subject: pipeline.Subject{StreamKey: m.key, Kind: pipeline.KindMirror, Origin: "O"}, First: at(0)}},
		})
	}
	w.start(100, records, nil)
	w.watch.Done(at(100), w.watch.Turn(at(100))[0].ID, nil) // a round that tells of nobody
	questions := w.watch.Turn(at(100))
	if len(questions) != 1 || len(questions[0].Scope) != len(records) {
		t.Fatalf("questions %+v, want one about %d streams", questions, len(records))
	}
	w.watch.Done(at(111), questions[0].ID, errListing) // after the grace
	changes := w.watch.Drain(false).Changes
	for i, c := range changes {
		if want := records[i].Key; c.Kind != pipeline.Opened || c.Incident.Subject.StreamKey != want {
			t.Fatalf("change %d is %s of %s, want %s opened", i, c.Kind, c.Incident.Subject, want.Stream)
		}
	}
	if len(changes) != len(records) {
		t.Errorf("%d changes, want %d", len(changes), len(records))
	}
}
