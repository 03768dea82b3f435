package pipeline

import (
	"container/heap"
	"time"
)

// wakes is a heap of streams by the time at which each wants attention; a stream without such a time is not in it.
type wakes []*stream

// set moves, adds or removes a stream so that it wakes at t; zero: never.
func (w *wakes) set(s *stream, t time.Time) {
	in := s.index >= 0
	s.wake = t
	switch {
	case t.IsZero() && in:
		heap.Remove(w, s.index)
	case !t.IsZero() && in:
		heap.Fix(w, s.index)
	case !t.IsZero():
		heap.Push(w, s)
	}
}

// pop takes out a stream that is to wake by now; nil: there is none.
func (w *wakes) pop(now time.Time) *stream {
	if len(*w) == 0 || (*w)[0].wake.After(now) {
		return nil
	}
	return heap.Pop(w).(*stream)
}

// next is when the first stream wakes; zero: none does.
func (w *wakes) next() time.Time {
	if len(*w) == 0 {
		return time.Time{}
	}
	return (*w)[0].wake
}

// Len, Less, Swap, Push and Pop are heap.Interface.
func (w *wakes) Len() int { return len(*w) }

func (w *wakes) Less(i, j int) bool {
	a, b := (*w)[i], (*w)[j]
	if !a.wake.Equal(b.wake) {
		return a.wake.Before(b.wake)
	}
	return compareKeys(a.key, b.key) < 0 // streams that fall due together do so in one order
}

func (w *wakes) Swap(i, j int) {
	h := *w
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (w *wakes) Push(x any) {
	s := x.(*stream)
	s.index = len(*w)
	*w = append(*w, s)
}

func (w *wakes) Pop() any {
	h := *w
	s := h[len(h)-1]
	h[len(h)-1] = nil
	s.index = -1
	*w = h[:len(h)-1]
	return s
}
