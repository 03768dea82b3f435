package agent

import (
	"runtime/debug"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestAHeapGrowsByLessWhereThereAreManyLinks(t *testing.T) {
	for _, c := range []struct{ links, other, want int }{
		{0, 0, gcPercent}, {largeFleet - 1, 0, gcPercent}, {largeFleet, 0, gcPercentLarge}, {largeFleet / 2, largeFleet / 2, gcPercentLarge},
	} {
		a := &assembly{board: pipeline.NewBoard(time.Now())}
		a.board.PutConnection(pipeline.ConnectionStatus{Name: "dr", Links: c.links})
		a.board.PutConnection(pipeline.ConnectionStatus{Name: "hub", Links: c.other})
		if got := a.percent(); got != c.want {
			t.Errorf("%d and %d links: by %d %%, want %d", c.links, c.other, got, c.want)
		}
	}
}

func TestGOGCWins(t *testing.T) {
	before := debug.SetGCPercent(70)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for value, want := range map[string]int{"off": 70, "200": 70, "": gcPercent} {
		t.Setenv("GOGC", value)
		debug.SetGCPercent(70)
		collectAt(gcPercent)
		if got := debug.SetGCPercent(70); got != want {
			t.Errorf("GOGC=%q: by %d %%, want %d", value, got, want)
		}
	}
}
