package pipeline

import (
	"slices"
	"time"
)

// agenda is a heap of numbered things by the time at which each is due; one without such a time is not in it. It holds no pointers, and
// times lie beside each other, so that few things are touched where one moves.
type agenda struct {
	base    time.Time                 // times are after it
	times   []time.Duration           // each before those below it
	numbers []uint32                  // of what is due then
	places  *[]uint32                 // by number: where it is, + 1; 0: it is not in. Agendas of which a thing is in one at most share it
	compare func(n, other uint32) int // orders those due together
}

// below is how many lie right below each in the heap.
const below = 4

// place is where a thing is; -1: it is not in.
func (a *agenda) place(n uint32) int {
	if n >= uint32(len(*a.places)) {
		return -1
	}
	return int((*a.places)[n]) - 1
}

// at is when a thing is due; zero: it is not in.
func (a *agenda) at(n uint32) time.Time {
	i := a.place(n)
	if i < 0 {
		return time.Time{}
	}
	return a.base.Add(a.times[i])
}

// set moves, adds or removes a thing so that it is due at t; zero: never.
func (a *agenda) set(n uint32, t time.Time) {
	i, at := a.place(n), t.Sub(a.base)
	switch {
	case t.IsZero():
		a.remove(n)
		return
	case i < 0:
		for n >= uint32(len(*a.places)) {
			*a.places = appendTight(*a.places, 0)
		}
		i, a.times, a.numbers = len(a.times), appendTight(a.times, at), appendTight(a.numbers, n)
	case a.times[i] == at:
		return
	}
	a.move(i, at, n)
}

// pop takes out a thing that is due by a time.
func (a *agenda) pop(by time.Time) (n uint32, due bool) {
	if len(a.times) == 0 || a.times[0] > by.Sub(a.base) {
		return 0, false
	}
	n = a.numbers[0]
	a.remove(n)
	return n, true
}

// next is when the first thing is due; zero: there is none.
func (a *agenda) next() time.Time {
	if len(a.times) == 0 {
		return time.Time{}
	}
	return a.base.Add(a.times[0])
}

// move puts a thing where another one was, and then where it belongs.
func (a *agenda) move(i int, at time.Duration, n uint32) {
	for i > 0 {
		up := (i - 1) / below
		if !a.before(at, n, up) {
			break
		}
		a.put(i, a.times[up], a.numbers[up])
		i = up
	}
	for first := below*i + 1; first < len(a.times); first = below*i + 1 {
		down := first
		for j := first + 1; j < min(first+below, len(a.times)); j++ {
			if a.before(a.times[j], a.numbers[j], down) {
				down = j
			}
		}
		if a.before(at, n, down) {
			break
		}
		a.put(i, a.times[down], a.numbers[down])
		i = down
	}
	a.put(i, at, n)
}

func (a *agenda) put(i int, at time.Duration, n uint32) {
	a.times[i], a.numbers[i], (*a.places)[n] = at, n, uint32(i)+1
}

// before tells whether a thing is to be taken out before the one at a place.
func (a *agenda) before(at time.Duration, n uint32, i int) bool {
	return at < a.times[i] || at == a.times[i] && a.compare(n, a.numbers[i]) < 0
}

// remove takes a thing out, if it is in.
func (a *agenda) remove(n uint32) {
	i := a.place(n)
	if i < 0 {
		return
	}
	last := len(a.times) - 1
	at, moved := a.times[last], a.numbers[last]
	a.times, a.numbers, (*a.places)[n] = a.times[:last], a.numbers[:last], 0
	if i < last {
		a.move(i, at, moved)
	}
	if last > mostLoose && last < cap(a.times)/4 { // nearly all went elsewhere
		a.times, a.numbers = slices.Clone(a.times), slices.Clone(a.numbers)
	}
}

// mostLoose is up to how many things an agenda keeps the memory that it once took.
const mostLoose = 256
