package jetstream

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceIsKeptOverTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(Pace{LooksPerSecond: 100, Interval: 5 * time.Second})
		began := time.Now()
		for range 10 { // 10 pages of 256 with a burst of 500, the rest at half the pace
			if err := p.wait(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			p.owe(255)
		}
		// What is left to pay of the last page is not waited for.
		if took := time.Since(began); took < 34*time.Second || took > 42*time.Second {
			t.Errorf("2560 streams in %v", took)
		}
		if err := newPacer(Pace{}).wait(t.Context(), 1e9); err != nil {
			t.Error(err)
		}
	})
}
