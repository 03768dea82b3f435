package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestATrackerKeepsManyIncidentsOfOneStreamApart(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	judge := func(n int, level pipeline.Level, seconds float64) {
		v := pipeline.Verdict{
			Rule: pipeline.RuleSeen, Level: level, Evidence: at(seconds),
			Subject: pipeline.Subject{StreamKey: key("ALL"), Kind: pipeline.KindSource, Origin: fmt.Sprint("O", n)},
		}
		if c, changed := tracker.Judge(at(seconds), v); !changed || c.Incident.Subject != v.Subject {
			t.Fatalf("source %d %s: %t, %s", n, level, changed, c.Incident.Subject)
		}
	}
	const sources = 40
	for n := range sources {
		judge((n*7)%sources, pipeline.Critical, 1)
	}
	for n := range sources - 1 {
		judge((n*11)%sources, pipeline.OK, 2)
		if open := len(tracker.All()); open != sources-1-n || !tracker.Has(key("ALL")) {
			t.Fatalf("%d incidents are open after %d ended", open, n+1)
		}
	}
	judge(((sources-1)*11)%sources, pipeline.OK, 2)
	if tracker.Has(key("ALL")) {
		t.Error("an incident is open after all ended")
	}
	judge(0, pipeline.Critical, 3)
}

// TestAViewIsTakenInWithinASecond holds that of the many origins of one stream each is asked about again and again, and that the board
// shows what was seen of it a second later at most.
func TestAViewIsTakenInWithinASecond(t *testing.T) {
	const sources = 40
	r, board := dark(t, sources, &pipeline.OriginView{Leader: "B", Created: epoch})
	views, asked := map[string]time.Time{}, 0
	begun := r.now
	for r.now.Before(begun.Add(time.Minute)) {
		for _, q := range r.watch.Turn(r.now) {
			r.answer(&q)
			if q.Origin != nil {
				asked++
				views[q.Origin.Stream] = r.now
			}
		}
		for l := range board.Links() {
			if v := views[l.Subject.Origin]; l.Risk.AsOf.Before(v) && r.now.Sub(v) > time.Second {
				t.Fatalf("at %s the board shows what was seen of %s at %s, not at %s", since(r.now), l.Subject.Origin, since(l.Risk.AsOf), since(v))
			}
		}
		r.watch.Drain(false)
		r.now = later(r.watch.Next(), r.now)
	}
	if asked < 5*sources {
		t.Errorf("%d questions in a minute about %d origins, want one each 10 s", asked, sources)
	}
}
