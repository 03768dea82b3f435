package pipeline

import "iter"

// This file holds how a Watch reads streams at rest without taking them down, and replaces what moves in them.

// glance reads of a stream at rest what a sample is held against, and returns it with what is packed behind what moves.
func (h *shelf) glance(s *stream) (b *body, behind []byte) {
	b = h.body(s)
	p := &h.packer
	p.read(h.packed.at(s.number))
	b.packMoving(p)
	p.cut()
	behind = p.data[p.at:]
	b.packStill(p)
	return b, behind
}

// replace packs what moves of a stream at rest, in place of what was there before what is behind it.
func (h *shelf) replace(s *stream, b *body, behind []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := &h.packer
	p.write(h.buffer, nil)
	b.packMoving(p)
	p.cut()
	h.buffer = append(p.packed(), behind...)
	h.packed.put(s.number, h.buffer)
}

// rows yields every stream; of those at rest it opens only what the board shows. They are not to be changed, or kept.
func (h *shelf) rows() iter.Seq[*stream] {
	return func(yield func(*stream) bool) {
		var glimpse stream
		for _, s := range h.all() {
			if s.body != nil {
				if !yield(s) {
					return
				}
				continue
			}
			glimpse = *s
			glimpse.body = h.body(s)
			h.packer.read(h.packed.at(s.number))
			glimpse.packShown(&h.packer)
			on := yield(&glimpse)
			h.spare(glimpse.body)
			if !on {
				return
			}
		}
	}
}
