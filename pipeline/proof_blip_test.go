package pipeline_test

import (
	"testing"

	"mirrorwatch/pipeline"
)

// A leafnode that comes and goes lets the server make its consumer anew each time, and each time the stamp begins anew, though
// nothing is delivered. Stamps 4 s apart and more are found out, whatever their phase against the rounds; 5 s late at most.
func TestStampsOfABlippingLinkProveNothing(t *testing.T) {
	for _, reset := range []float64{4, 4.5, 5, 5.5, 6, 7, 8, 9, 10, 20} {
		for phase := 0.0; phase < 5; phase += 0.25 {
			from := 60 + phase
			w := newWorld(t, &mirror{key: key("A"), limit: secs(30), early: 1, reset: secs(reset), cut: cut(from, 1000)})
			w.run(0, 400)
			if len(w.changes) == 0 || w.changes[0].Incident.Rule != pipeline.RuleSeen || w.changes[0].Kind != pipeline.Opened {
				t.Fatalf("stamps each %v s from %v: %v, want seen opened", reset, from, w.changes)
			}
			if late := w.changes[0].At.Sub(at(from + 30)).Seconds(); late > 5.01 || late < -6 {
				t.Errorf("stamps each %v s from %v: opened %v s after the limit", reset, from, late)
			}
			for _, c := range w.changes[1:] {
				if c.Kind == pipeline.Resolved {
					t.Errorf("stamps each %v s from %v: resolved at %s", reset, from, since(c.At))
				}
			}
		}
	}
}
