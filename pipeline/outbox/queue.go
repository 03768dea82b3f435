package outbox

import (
	"container/heap"
	"time"
)

// patientAttempts is how often a batch is tried before others go first, in case the fault is the batch's own.
const patientAttempts = 5

// Once mostFailing batches were passed by, in vain, one more is each parkAgain.
const (
	mostFailing = 8
	parkAgain   = 4 * time.Hour
)

// rank is a group's place among those that something is to be sent of.
type rank struct {
	class int  // how patient one was with it
	page  bool // it leads to a page
	order uint64
}

func (r rank) before(o rank) bool {
	switch {
	case r.class != o.class:
		return r.class < o.class
	case r.page != o.page:
		return r.page
	}
	return r.order < o.order
}

// place is where a group stands in its worker's queue.
type place struct {
	rank       rank      // while something is to be sent
	at         time.Time // when something else will be; zero: never
	since      time.Time // when its oldest undelivered row was or is to be told; zero: there is none
	slots      [3]int    // in the heaps; -1: not in it
	rows, held int       // as counted
}

// The heaps of a queue.
const (
	readyHeap  = iota // something is to be sent, by rank
	timedHeap         // something will be, by at
	oldestHeap        // something is undelivered, by since
)

var nowhere = place{slots: [3]int{-1, -1, -1}}

// queue is the groups of one receiver, found by what is to be done first. It has no clock.
type queue struct {
	heaps      [3]groupHeap
	rows, held int
}

func newQueue() queue {
	return queue{heaps: [3]groupHeap{
		{slot: readyHeap, less: func(a, b *group) bool { return a.place.rank.before(b.place.rank) }},
		{slot: timedHeap, less: func(a, b *group) bool { return a.place.at.Before(b.place.at) }},
		{slot: oldestHeap, less: func(a, b *group) bool { return a.place.since.Before(b.place.since) }},
	}}
}

// put finds the place of a group anew, after anything in it changed or fell due.
func (q *queue) put(g *group, now time.Time, hurry bool) {
	p := &g.place
	ready := false
	p.at, p.since = time.Time{}, time.Time{}
	consider := func(at time.Time, r rank) {
		switch {
		case at.After(now):
			p.at = earlier(p.at, at)
		case !ready || r.before(p.rank):
			p.rank, ready = r, true
		}
	}
	if len(g.chain) > 0 {
		r := g.chain[0]
		consider(time.Time{}, rank{r.Attempts / patientAttempts, r.page, r.Order})
		p.since = r.due
	}
	for _, r := range g.parked {
		at := time.Time{}
		if r.Refused > 0 {
			at = r.NextTry
		}
		consider(at, rank{r.Attempts / patientAttempts, r.page, r.Order})
		p.since = earlier(p.since, r.due)
	}
	if due := g.due(hurry); !due.IsZero() {
		p.since = earlier(p.since, due)
		switch {
		case len(g.chain) == 0:
			consider(due, rank{0, !g.page.IsZero(), g.order})
		case g.chain[0].Attempts == 0:
			consider(g.joinDue(hurry), rank{0, !g.page.IsZero(), g.order})
		}
	}
	if due := g.remindDue(); !due.IsZero() && !hurry && len(g.chain) == 0 {
		consider(due, rank{0, false, ^uint64(0)})
	}
	rows := len(g.chain) + len(g.parked) + len(g.waiting) - g.heldRows
	q.rows, q.held = q.rows+rows-p.rows, q.held+g.heldRows-p.held
	p.rows, p.held = rows, g.heldRows
	q.heaps[readyHeap].set(g, ready)
	q.heaps[timedHeap].set(g, !p.at.IsZero())
	q.heaps[oldestHeap].set(g, !p.since.IsZero())
}

// drop takes a group out.
func (q *queue) drop(g *group) {
	q.rows, q.held = q.rows-g.place.rows, q.held-g.place.held
	for n := range q.heaps {
		q.heaps[n].set(g, false)
	}
	g.place = nowhere
}

// first returns the first group of a heap; nil: it is empty.
func (q *queue) first(heap int) *group {
	if len(q.heaps[heap].groups) == 0 {
		return nil
	}
	return q.heaps[heap].groups[0]
}

// next is when something else falls due; zero: never.
func (q *queue) next() time.Time {
	if g := q.first(timedHeap); g != nil {
		return g.place.at
	}
	return time.Time{}
}

// oldest is when the oldest row that is undelivered and due became so; zero: there is none.
func (q *queue) oldest(now time.Time) time.Time {
	if g := q.first(oldestHeap); g != nil && !g.place.since.After(now) {
		return g.place.since
	}
	return time.Time{}
}

// groupHeap is groups in an order, each of which knows its index.
type groupHeap struct {
	groups []*group
	slot   int
	less   func(a, b *group) bool
}

// set adds a group, moves it to where it belongs now, or takes it out.
func (h *groupHeap) set(g *group, in bool) {
	at := g.place.slots[h.slot]
	switch {
	case in && at < 0:
		heap.Push(h, g)
	case in:
		heap.Fix(h, at)
	case at >= 0:
		heap.Remove(h, at)
	}
}

// Len, Less, Swap, Push and Pop are heap.Interface.
func (h *groupHeap) Len() int { return len(h.groups) }

func (h *groupHeap) Less(i, j int) bool { return h.less(h.groups[i], h.groups[j]) }

func (h *groupHeap) Swap(i, j int) {
	h.groups[i], h.groups[j] = h.groups[j], h.groups[i]
	h.groups[i].place.slots[h.slot], h.groups[j].place.slots[h.slot] = i, j
}

func (h *groupHeap) Push(x any) {
	g := x.(*group)
	g.place.slots[h.slot] = len(h.groups)
	h.groups = append(h.groups, g)
}

func (h *groupHeap) Pop() any {
	last := len(h.groups) - 1
	g := h.groups[last]
	h.groups[last] = nil
	h.groups = h.groups[:last]
	g.place.slots[h.slot] = -1
	return g
}
