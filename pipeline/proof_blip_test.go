package pipeline_test

import (
	"fmt"
	"testing"

	"mirrorwatch/pipeline"
)

// A leafnode that comes and goes lets the server make its consumer anew each time, and each time the stamp begins anew, though
// nothing is delivered. Stamps 4 s apart and more are found out, whatever their phase against the rounds, by three periods after the limit.
func TestStampsOfABlippingLinkProveNothing(t *testing.T) {
	t.Parallel()
	for _, interval := range []float64{4, 5, 6.5, 8} {
		for _, reset := range []float64{4, 4.5, 4.99, 5, 5.01, 5.5, 6, 6.25, 6.5, 7, 8, 9, 10, 20} {
			for phase := 0.0; phase < 3*interval; phase += 0.5 * shrunk {
				from := 60 + phase
				w := newWorld(t, &mirror{key: key("A"), limit: secs(30), early: 1, reset: secs(reset), cut: cut(from, 1000)})
				w.opt.Interval = secs(interval)
				w.run(0, 240)
				name := fmt.Sprintf("rounds each %v s, stamps each %v s from %v", interval, reset, from)
				if len(w.changes) == 0 || w.changes[0].Incident.Rule != pipeline.RuleSeen || w.changes[0].Kind != pipeline.Opened {
					t.Fatalf("%s: %v, want seen opened", name, w.changes)
				}
				if late := w.changes[0].At.Sub(at(from + 30)).Seconds(); late > 3*interval || late < -6 {
					t.Errorf("%s: opened %v s after the limit", name, late)
				}
				for _, c := range w.changes[1:] {
					if c.Kind == pipeline.Resolved {
						t.Errorf("%s: resolved at %s", name, since(c.At))
					}
				}
			}
		}
	}
}
