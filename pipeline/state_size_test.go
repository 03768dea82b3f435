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
const mostState = 96

func TestStateOfAHealthyLinkIsSmall(t *testing.T) {
	f := newFleet(1000, false)
	for range 4 {
		f.turn()
		if packed, handle := pipeline.Packed(f.watch); packed+handle > mostState {
			t.Errorf("%.1f bytes packed and %.0f beside, want no more than %d together", packed, handle, mostState)
		}
	}
}

// How much a link may take with all that is kept for it, beside its names: what is known of it, and of its origin, and all indexes.
const (
	mostBytes       = 132 // with 100,000 links, whose indexes are fuller, it is less: BenchmarkState
	mostOriginBytes = 268
	mostPieces      = 1.2 // each costs the collector of garbage more than its bytes do
)

func TestALinkTakesFewBytesInFewPieces(t *testing.T) {
	for origins, most := range map[bool]float64{false: mostBytes, true: mostOriginBytes} {
		f, bytes, pieces := grown(10_000, origins)
		if b := bytes - namesOf(f); b > most || pieces > mostPieces {
			t.Errorf("%.1f bytes in %.2f pieces a link, want no more than %.0f in %.2f", b, pieces, most, mostPieces)
		}
	}
}

// grown is a fleet that was seen some times, and how many bytes it takes a link, in how many pieces.
func grown(n int, origins bool) (f *fleet, bytes, pieces float64) {
	f = newFleet(n, origins)
	before, few := live()
	for range 4 {
		f.turn()
	}
	f.watch.Drain(true)
	after, many := live()
	runtime.KeepAlive(f)
	return f, float64(after-before) / float64(n), float64(many-few) / float64(n)
}
