package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// BenchmarkRound10k takes in rounds over 10,000 healthy mirrors, and tells what one stream costs.
func BenchmarkRound10k(b *testing.B) {
	const n = 10_000
	samples := make([]pipeline.Sample, n)
	for i := range samples {
		samples[i] = pipeline.Sample{
			Key: key(fmt.Sprintf("M%05d", i)), Leader: "A", Created: epoch,
			Settings: &pipeline.Settings{Policy: pipeline.Policy{SeenCritical: pipeline.Some(time.Minute)}},
			Links:    []pipeline.LinkSample{{Kind: pipeline.KindMirror, Origin: "O", Reported: true, Active: time.Second}},
		}
	}
	w := pipeline.NewWatch(epoch, pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 5000, Board: pipeline.NewBoard(epoch),
	}, nil, nil, nil)
	now := epoch
	round := func() {
		var whole uint64
		for whole == 0 {
			for _, q := range w.Turn(now) {
				if q.Scope == nil {
					whole = q.ID
				} else {
					w.Done(now, q.ID, nil)
				}
			}
			if whole == 0 {
				now = w.Next()
			}
		}
		for i := range samples {
			s := &samples[i]
			s.Asked, s.At, s.ServerTime = now, now, now
			w.Observe(now, whole, s)
			w.Turn(now)
		}
		w.Done(now, whole, nil)
		w.Turn(now)
		w.Drain(now, false)
	}
	round()
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/stream")
}
