package pipeline

import (
	"cmp"
	"slices"
	"time"
)

// newOriginQueues returns agendas of origins by the time of their next question: those to ask about, by silent. Those due together are
// asked about in one order.
func newOriginQueues(base time.Time, all *roll[origin]) (queues [2]agenda) {
	places := new([]uint32) // an origin is in one of them
	for silent := range queues {
		queues[silent] = agenda{base: base, places: places, compare: func(a, b uint32) int {
			return compareOrigins(all.item(a).key(), all.item(b).key())
		}}
	}
	return queues
}

func compareOrigins(a, b OriginKey) int {
	return cmp.Or(
		cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Domain, b.Domain),
		cmp.Compare(a.Via, b.Via), cmp.Compare(a.Stream, b.Stream),
	)
}

// reconnected wants the origins that nobody told of to be asked about at once: the user may have got more permissions, or the way
// may be another one.
func (q *origins) reconnected(now time.Time) {
	silent := &q.queue[1]
	for _, n := range slices.Clone(silent.numbers) {
		if silent.at(n).After(now) {
			silent.set(n, now)
		}
	}
}
