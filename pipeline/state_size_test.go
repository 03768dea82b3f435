package pipeline_test

import (
	"runtime"
	"testing"

	"mirrorwatch/pipeline"
)

// live is how many bytes of the heap are in use, and in how many pieces.
func live() (bytes, pieces int64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.HeapObjects)
}

// mostState is how many bytes the state of a link may take beside its names.
const mostState = 104

func TestStateOfAHealthyLinkIsSmall(t *testing.T) {
	f := newFleet(1000, false)
	for range 4 {
		f.turn()
		if packed, handle := pipeline.Packed(f.watch); packed+handle > mostState {
			t.Errorf("%.1f bytes packed and %.0f beside, want no more than %d together", packed, handle, mostState)
		}
	}
}

// How much a link may take with all that is kept for it: its names and its origin's, what is known of both, and all indexes.
const (
	mostBytes  = 360
	mostPieces = 1.2 // each costs the collector of garbage more than its bytes do
)

func TestALinkWithItsOriginTakesFewBytesInFewPieces(t *testing.T) {
	const n = 10_000
	f := newFleet(n, true)
	before, pieces := live()
	for range 4 {
		f.turn()
	}
	f.watch.Drain(true)
	after, more := live()
	runtime.KeepAlive(f)
	if a, b := float64(after-before)/n, float64(more-pieces)/n; a > mostBytes || b > mostPieces {
		t.Errorf("%.1f bytes in %.2f pieces a link, want no more than %d in %.2f", a, b, mostBytes, mostPieces)
	}
}
