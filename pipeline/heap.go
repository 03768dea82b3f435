package pipeline

import (
	"cmp"
	"time"
)

// wakes is a heap of streams by the time at which each wants attention; a stream without such a time is not in it.
type wakes struct {
	base time.Time // streams' times are after it
	heap []*stream
}

// set moves, adds or removes a stream so that it wakes at t; zero: never.
func (w *wakes) set(s *stream, t time.Time) {
	in := s.index >= 0
	if t.IsZero() {
		if in {
			w.remove(s)
		}
		return
	}
	switch at := t.Sub(w.base); {
	case !in:
		s.wake = at
		w.heap = append(w.heap, s)
		w.move(len(w.heap)-1, s)
	case s.wake != at:
		s.wake = at
		w.move(int(s.index), s)
	}
}

// pop takes out a stream that is to wake by now; nil: there is none.
func (w *wakes) pop(now time.Time) *stream {
	if len(w.heap) == 0 || w.heap[0].wake > now.Sub(w.base) {
		return nil
	}
	s := w.heap[0]
	w.remove(s)
	return s
}

// next is when the first stream wakes; zero: none does.
func (w *wakes) next() time.Time {
	if len(w.heap) == 0 {
		return time.Time{}
	}
	return w.base.Add(w.heap[0].wake)
}

// move puts a stream where another one was, and then where it belongs.
func (w *wakes) move(i int, s *stream) {
	h := w.heap
	for up := (i - 1) / 2; i > 0 && s.before(h[up]); up = (i - 1) / 2 {
		h[i], h[up].index = h[up], int32(i)
		i = up
	}
	for {
		down := 2*i + 1
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if down >= len(h) || !h[down].before(s) {
			break
		}
		h[i], h[down].index = h[down], int32(i)
		i = down
	}
	h[i], s.index = s, int32(i)
}

// remove takes a stream out.
func (w *wakes) remove(s *stream) {
	i, last := int(s.index), len(w.heap)-1
	moved := w.heap[last]
	w.heap[last] = nil
	if w.heap = w.heap[:last]; i < last {
		w.move(i, moved)
	}
	s.index = -1
}

// before tells which one wakes first; streams that fall due together do so in one order.
func (s *stream) before(o *stream) bool {
	return s.wake < o.wake || s.wake == o.wake && compareStreams(s, o) < 0
}

// compareStreams orders streams by their keys.
func compareStreams(a, b *stream) int {
	if a.shared.place == b.shared.place {
		return cmp.Compare(a.name(), b.name())
	}
	return compareKeys(a.shared.place, b.shared.place)
}
