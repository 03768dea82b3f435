package pipeline_test

import (
	"testing"

	"mirrorwatch/pipeline"
)

// Heartbeats that were late once cost a look beside the rounds; from then on all is well again.
func TestAStreamIsCalmAgainAfterALookOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		interval, limit float64
		cut             []span
	}{{5, 60, cut(60, 64)}, {5, 600, cut(60, 64)}, {5, 20, cut(60, 100)}, {5, 60, cut(60, 300)}, {30, 20, cut(60, 120)}} {
		m := &mirror{key: key("A"), limit: secs(c.limit), cut: c.cut}
		w := newWorld(t, m)
		w.opt.Interval = secs(c.interval)
		calm := 0
		w.run(0, 500)
		for n := range 20 {
			w.run(float64(500+5*n), float64(505+5*n))
			some, _ := pipeline.Calm(w.watch)
			calm += some
		}
		if calm == 0 {
			t.Errorf("interval %v s, limit %v s, without contact for %s: never calm again", c.interval, c.limit, c.cut[0].to.Sub(c.cut[0].from))
		}
	}
}
