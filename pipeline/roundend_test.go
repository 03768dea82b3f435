package pipeline_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// TestDemandIsTheSameInEveryRun holds that the same answers make the same sum, to the last bit: a replay tells what was told.
func TestDemandIsTheSameInEveryRun(t *testing.T) {
	limits := rand.New(rand.NewPCG(1, 2))
	samples := healthy(200)
	for i := range samples {
		limit := 5*time.Second + time.Duration(limits.Int64N(int64(5*time.Second)))
		samples[i].Settings = &pipeline.Settings{Policy: pipeline.Policy{SeenCritical: pipeline.Some(limit)}}
	}
	demand := map[float64]int{}
	for range 8 {
		r, board := newRounds(samples, nil), pipeline.NewBoard(epoch)
		r.watch = pipeline.NewWatch(epoch, pipeline.WatchOptions{
			Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 5000, Board: board,
		}, pipeline.State{})
		for range 3 {
			r.next()
		}
		for _, c := range board.Connections() {
			demand[c.Demand]++
		}
	}
	if len(demand) != 1 || demand[0] > 0 {
		t.Errorf("the demand was %v, want one, and not none", demand)
	}
}
