package pipeline

import (
	"cmp"
	"time"
)

// wakes holds streams by the time at which each wants attention.
type wakes struct {
	agenda
	streams *roll[*stream]
}

func newWakes(base time.Time, streams *roll[*stream]) wakes {
	compare := func(a, b uint32) int { return compareStreams(*streams.item(a), *streams.item(b)) }
	return wakes{agenda{base: base, places: new([]uint32), compare: compare}, streams}
}

// set has a stream, which is on the shelf, wake at t; zero: never.
func (w *wakes) set(s *stream, t time.Time) { w.agenda.set(s.number, t) }

// pop takes out a stream that is to wake by now; nil: there is none.
func (w *wakes) pop(now time.Time) *stream {
	if n, due := w.agenda.pop(now); due {
		return w.streams.at(n)
	}
	return nil
}

// compareStreams orders streams by their keys.
func compareStreams(a, b *stream) int {
	if a.shared.place == b.shared.place {
		return cmp.Compare(a.name(), b.name())
	}
	return compareKeys(a.shared.place, b.shared.place)
}
