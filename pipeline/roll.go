package pipeline

// roll numbers things, and finds them by what they hold themselves: its index takes some bytes a thing, where a map would hold
// every key once more. A number stays a thing's until that is removed, and a thing stays where it is in memory.
type roll[T any] struct {
	blocks []*[perBlock]T // things, by number
	given  uint32         // numbers below it were given
	free   []uint32       // of them, to be given again
	slots  []uint32       // by hash, each thing in the first free slot from its own on: its number + 1; 0: free
	marks  []uint8        // of slots: a part of their things' hashes, so that others need hardly ever be looked at
	found  int            // how many things the slots have
	hash   func(*T) uint64
}

// perBlock is how many things lie together.
const perBlock = 64

// find returns the number of the thing that has a hash, and is the one.
func (r *roll[T]) find(hash uint64, is func(*T) bool) (n uint32, found bool) {
	if len(r.slots) == 0 {
		return 0, false
	}
	for at := r.slot(hash); r.slots[at] != 0; at = r.after(at) {
		if n := r.slots[at] - 1; r.marks[at] == markOf(hash) && is(r.item(n)) {
			return n, true
		}
	}
	return 0, false
}

// add takes a thing in that is not there yet.
func (r *roll[T]) add(item T) (n uint32) {
	if last := len(r.free) - 1; last >= 0 {
		n, r.free = r.free[last], r.free[:last]
	} else {
		if n = r.given; n%perBlock == 0 {
			r.blocks = appendTight(r.blocks, new([perBlock]T))
		}
		r.given++
	}
	*r.item(n) = item
	if r.found++; 8*r.found > 7*len(r.slots) {
		r.grow()
	}
	r.put(n)
	return n
}

// remove takes a thing out.
func (r *roll[T]) remove(n uint32) {
	r.lose(n)
	r.reuse(n)
}

// lose lets a thing be found no longer. What lies behind it in the index, and was kept from its own slot, moves up.
func (r *roll[T]) lose(n uint32) {
	hole := r.slot(r.hash(r.item(n)))
	for r.slots[hole] != n+1 {
		hole = r.after(hole)
	}
	for at := r.after(hole); r.slots[at] != 0; at = r.after(at) {
		own := r.slot(r.hash(r.item(r.slots[at] - 1)))
		if (at-own)&r.mask() >= (at-hole)&r.mask() {
			r.slots[hole], r.marks[hole], hole = r.slots[at], r.marks[at], at
		}
	}
	r.slots[hole] = 0
	r.found--
}

// reuse gives the number, and the memory, of a thing that was lost to another one.
func (r *roll[T]) reuse(n uint32) {
	var none T
	*r.item(n), r.free = none, append(r.free, n)
}

// item is the thing that has a number; the zero value where that is free.
func (r *roll[T]) item(n uint32) *T { return &r.blocks[n/perBlock][n%perBlock] }

// at is the same of any number; the zero value: nothing has it.
func (r *roll[T]) at(n uint32) (item T) {
	if n < r.given {
		item = *r.item(n)
	}
	return item
}

// len is how many things can be found.
func (r *roll[T]) len() int { return r.found }

func (r *roll[T]) grow() {
	before, size := r.slots, max(16, 2*len(r.slots))
	r.slots, r.marks = make([]uint32, size), make([]uint8, size)
	for _, slot := range before {
		if slot != 0 {
			r.put(slot - 1)
		}
	}
}

func (r *roll[T]) put(n uint32) {
	hash := r.hash(r.item(n))
	at := r.slot(hash)
	for r.slots[at] != 0 {
		at = r.after(at)
	}
	r.slots[at], r.marks[at] = n+1, markOf(hash)
}

// markOf is a part of a hash that slot does not use.
func markOf(hash uint64) uint8 { return uint8(hash >> 56) }

// appendTight appends to what may become long, and then seldom grows: with little to spare.
func appendTight[T any](s []T, item T) []T {
	if len(s) == cap(s) {
		s = append(make([]T, 0, len(s)+len(s)/32+16), s...)
	}
	return append(s, item)
}

func (r *roll[T]) mask() uint64                  { return uint64(len(r.slots) - 1) }
func (r *roll[T]) slot(hash uint64) uint64       { return hash & r.mask() }
func (r *roll[T]) after(at uint64) (next uint64) { return (at + 1) & r.mask() }
