package pipeline

import (
	"cmp"
	"time"
)

// wakes is a heap of streams by the time at which each wants attention; a stream without such a time is not in it. Times lie beside each
// other, so that few streams are touched where one moves.
type wakes struct {
	base time.Time // times are after it
	heap []wake
}

type wake struct {
	at     time.Duration
	stream *stream
}

// below is how many lie right below each in the heap.
const below = 4

// set moves, adds or removes a stream so that it wakes at t; zero: never.
func (w *wakes) set(s *stream, t time.Time) {
	in := s.index >= 0
	if t.IsZero() {
		if in {
			w.remove(s)
		}
		return
	}
	at := t.Sub(w.base)
	if !in {
		s.index = int32(len(w.heap))
		w.heap = append(w.heap, wake{})
	} else if w.heap[s.index].at == at {
		return
	}
	w.move(int(s.index), wake{at, s})
}

// pop takes out a stream that is to wake by now; nil: there is none.
func (w *wakes) pop(now time.Time) *stream {
	if len(w.heap) == 0 || w.heap[0].at > now.Sub(w.base) {
		return nil
	}
	s := w.heap[0].stream
	w.remove(s)
	return s
}

// next is when the first stream wakes; zero: none does.
func (w *wakes) next() time.Time {
	if len(w.heap) == 0 {
		return time.Time{}
	}
	return w.base.Add(w.heap[0].at)
}

// move puts a stream where another one was, and then where it belongs.
func (w *wakes) move(i int, it wake) {
	for i > 0 {
		up := (i - 1) / below
		if !it.before(w.heap[up]) {
			break
		}
		w.put(i, w.heap[up])
		i = up
	}
	for {
		first := below*i + 1
		if first >= len(w.heap) {
			break
		}
		down := first
		for n := first + 1; n < min(first+below, len(w.heap)); n++ {
			if w.heap[n].before(w.heap[down]) {
				down = n
			}
		}
		if !w.heap[down].before(it) {
			break
		}
		w.put(i, w.heap[down])
		i = down
	}
	w.put(i, it)
}

func (w *wakes) put(i int, it wake) { w.heap[i], it.stream.index = it, int32(i) }

// remove takes a stream out.
func (w *wakes) remove(s *stream) {
	i, last := int(s.index), len(w.heap)-1
	moved := w.heap[last]
	w.heap[last] = wake{}
	if w.heap = w.heap[:last]; i < last {
		w.move(i, moved)
	}
	s.index = -1
}

// before tells which one wakes first; streams that fall due together do so in one order.
func (w wake) before(o wake) bool {
	return w.at < o.at || w.at == o.at && compareStreams(w.stream, o.stream) < 0
}

// compareStreams orders streams by their keys.
func compareStreams(a, b *stream) int {
	if a.shared.place == b.shared.place {
		return cmp.Compare(a.name(), b.name())
	}
	return compareKeys(a.shared.place, b.shared.place)
}
