package pipeline

import "iter"

// This file holds how others than its Watch read a shelf.

// readAtOnce is how many streams are read while the Watch waits: some microseconds.
const readAtOnce = 16

// reader reads rows into memory of its own.
type reader struct {
	body   *body // nil: none yet
	packer packer
	rows   []LinkStatus
}

// read yields the rows of all streams that are there when it begins.
func (h *shelf) read() iter.Seq[*LinkStatus] {
	return func(yield func(*LinkStatus) bool) {
		h.mu.Lock()
		all := h.streams.given
		h.mu.Unlock()
		var r reader
		for from := uint32(0); from < all; from += readAtOnce {
			r.rows = r.rows[:0]
			h.readSome(&r, from, min(from+readAtOnce, all))
			for i := range r.rows {
				if !yield(&r.rows[i]) {
					return
				}
			}
		}
	}
}

// readSome reads the rows of the streams that have some numbers.
func (h *shelf) readSome(r *reader, from, to uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.body == nil {
		r.body = newBody()
	}
	r.packer.base, r.packer.epoch, r.packer.words = h.packer.base, h.packer.epoch, h.words
	for n := from; n < to; n++ {
		if s := h.streams.at(n); s != nil {
			r.take(s, h.packed.at(n))
		}
	}
}

// take reads a stream's rows. One that is not at rest yet has none.
func (r *reader) take(s *stream, data []byte) {
	if len(data) == 0 {
		return
	}
	r.body.begin(nil, s)
	r.packer.read(data)
	r.body.packShown(&r.packer)
	for _, l := range r.body.links {
		r.rows = append(r.rows, l.status)
	}
}

// rowsOf returns the rows of one stream; none where there is no shelf.
func (h *shelf) rowsOf(key StreamKey) []LinkStatus {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	s := h.find(key)
	h.mu.Unlock()
	if s == nil {
		return nil
	}
	var r reader
	h.readSome(&r, s.number, s.number+1)
	return r.rows
}
