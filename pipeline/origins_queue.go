package pipeline

import "cmp"

// originQueue is a heap of origins by the time of their next question.
type originQueue []*origin

func (q *originQueue) push(o *origin) {
	*q = append(*q, o)
	q.move(len(*q)-1, o)
}

// move puts an origin where another one was, and then where it belongs.
func (q *originQueue) move(i int, o *origin) {
	h := *q
	for up := (i - 1) / 2; i > 0 && o.before(h[up]); up = (i - 1) / 2 {
		h[i], h[up].index = h[up], int32(i)
		i = up
	}
	for {
		down := 2*i + 1
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if down >= len(h) || !h[down].before(o) {
			break
		}
		h[i], h[down].index = h[down], int32(i)
		i = down
	}
	h[i], o.index = o, int32(i)
}

func (q *originQueue) remove(o *origin) {
	i, last := int(o.index), len(*q)-1
	moved := (*q)[last]
	(*q)[last] = nil
	if *q = (*q)[:last]; i < last {
		q.move(i, moved)
	}
	o.index = -1
}

// before tells which one is to be asked about first; those due together are asked about in one order.
func (o *origin) before(other *origin) bool {
	return o.due < other.due || o.due == other.due && compareOrigins(o.key(), other.key()) < 0
}

func compareOrigins(a, b OriginKey) int {
	return cmp.Or(
		cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Domain, b.Domain),
		cmp.Compare(a.Via, b.Via), cmp.Compare(a.Stream, b.Stream),
	)
}
