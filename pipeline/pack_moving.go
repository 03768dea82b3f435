package pipeline

import "time"

// This file holds how that part of a stream is packed that moves from look to look while all is well: times, counts and positions. There
// are no texts in it.

func (b *body) packMoving(p *packer) {
	p.date(&b.seen, time.Time{})
	n := len(b.links)
	packInt(p, &n, 1)
	for range n {
		if p.reading {
			b.links = append(b.links, b.newLink())
		}
	}
	s := &b.nothing
	if p.bit(b.whole != nil) {
		if p.reading {
			b.whole = b.buffer()
			b.whole.Key = b.key
		}
		s = b.whole
		s.packMoving(p, b.seen)
		b.at = s.At
	}
	for _, l := range b.links {
		l.sample.packMoving(p)
		l.proof.packMoving(p, s, &l.sample)
	}
}
