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
	}{{5, 60, cut(60, 64)}, {5, 600, cut(60, 64)}, {5, 20, cut(60, 100)}, {5, 60, cut(60, 300)}} {
		m := &mirror{key: key("A"), limit: secs(c.limit), cut: c.cut}
		w := newWorld(t, m)
		w.opt.Interval = secs(c.interval)
		counted, calm := 0, 0
		w.run(0, 500)
		for n := range 20 {
			w.run(float64(500+5*n), float64(505+5*n))
			some, _ := pipeline.Calm(w.watch)
			calm += some
			counted++
		}
		packed, _ := pipeline.Packed(w.watch)
		t.Logf("interval %v limit %v cut %v: calm %d of %d; %v bytes; %d changes; known %.300s", c.interval, c.limit, c.cut[0].to.Sub(c.cut[0].from), calm, counted, packed, len(w.changes), pipeline.Known(w.watch))
		if calm == 0 {
			t.Error("never calm again")
		}
	}
}
