package pipeline

// roll numbers things, and finds them by what they hold themselves: its index takes some bytes a thing, where a map would hold
// every key once more. A number stays a thing's until that is removed.
type roll[T any] struct {
	items []T
	taken []bool   // by number
	free  []uint32 // numbers to be given again
	slots []uint32 // by hash, each thing in the first free slot from its own on: its number + 1; 0: free
	marks []uint8  // of slots: a part of their things' hashes, so that others need hardly ever be looked at
	hash  func(T) uint64
}

// find returns the number of the thing that has a hash, and is the one.
func (r *roll[T]) find(hash uint64, is func(T) bool) (n uint32, found bool) {
	if len(r.slots) == 0 {
		return 0, false
	}
	for at := r.slot(hash); r.slots[at] != 0; at = r.after(at) {
		if n := r.slots[at] - 1; r.marks[at] == markOf(hash) && is(r.items[n]) {
			return n, true
		}
	}
	return 0, false
}

// add takes a thing in that is not there yet.
func (r *roll[T]) add(item T) (n uint32) {
	if 8*(r.len()+1) > 7*len(r.slots) {
		r.grow()
	}
	if last := len(r.free) - 1; last >= 0 {
		n, r.free = r.free[last], r.free[:last]
		r.items[n], r.taken[n] = item, true
	} else {
		n = uint32(len(r.items))
		r.items, r.taken = append(r.items, item), append(r.taken, true)
	}
	r.put(n)
	return n
}

// remove takes a thing out. What lies behind it in the index, and was kept from its own slot, moves up.
func (r *roll[T]) remove(n uint32) {
	hole := r.slot(r.hash(r.items[n]))
	for r.slots[hole] != n+1 {
		hole = r.after(hole)
	}
	for at := r.after(hole); r.slots[at] != 0; at = r.after(at) {
		own := r.slot(r.hash(r.items[r.slots[at]-1]))
		if (at-own)&r.mask() >= (at-hole)&r.mask() {
			r.slots[hole], r.marks[hole], hole = r.slots[at], r.marks[at], at
		}
	}
	r.slots[hole] = 0
	var none T
	r.items[n], r.taken[n], r.free = none, false, append(r.free, n)
}

// at is the thing that has a number; the zero value: none has.
func (r *roll[T]) at(n uint32) (item T) {
	if int(n) < len(r.items) {
		item = r.items[n]
	}
	return item
}

// has tells whether a number is a thing's.
func (r *roll[T]) has(n uint32) bool { return int(n) < len(r.taken) && r.taken[n] }

// len is how many things there are.
func (r *roll[T]) len() int { return len(r.items) - len(r.free) }

func (r *roll[T]) grow() {
	size := max(16, 2*len(r.slots))
	r.slots, r.marks = make([]uint32, size), make([]uint8, size)
	for n, taken := range r.taken {
		if taken {
			r.put(uint32(n))
		}
	}
}

func (r *roll[T]) put(n uint32) {
	hash := r.hash(r.items[n])
	at := r.slot(hash)
	for r.slots[at] != 0 {
		at = r.after(at)
	}
	r.slots[at], r.marks[at] = n+1, markOf(hash)
}

// markOf is a part of a hash that slot does not use.
func markOf(hash uint64) uint8 { return uint8(hash >> 56) }

func (r *roll[T]) mask() uint64                  { return uint64(len(r.slots) - 1) }
func (r *roll[T]) slot(hash uint64) uint64       { return hash & r.mask() }
func (r *roll[T]) after(at uint64) (next uint64) { return (at + 1) & r.mask() }
