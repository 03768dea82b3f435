package pipeline

import (
	"cmp"
	"time"
)

// This file holds how that part of a stream is packed that a sample is held against, to find out whether it is to be judged: what does not
// move, or only along with a link's proof.

func (b *body) packStill(p *packer) {
	p.flag(&b.calm.is, false)
	p.flag(&b.calm.rises, false)
	p.time(&b.calm.asOf, time.Time{})
	p.time(&b.asked, time.Time{})
	if b.whole != nil {
		b.whole.packStill(p)
	}
	for _, l := range b.links {
		l.packSubject(p, b)
		l.sample.packStill(p, &l.subject)
		p.time(&l.deadline, ago(l.proof.contact, -b.policy.SeenCritical.Value))
	}
}

func (l *link) packSubject(p *packer, b *body) {
	s := &l.subject
	s.StreamKey = b.key
	packText(p, &s.Origin, cmp.Or(b.source, b.key.Stream))
	if p.bit(!p.reading && (s.Kind != KindMirror || s.Via != "" || s.Filter != "")) {
		packText(p, &s.Kind, KindSource)
		packText(p, &s.Via, "")
		packText(p, &s.Filter, "")
	} else if p.reading {
		s.Kind = KindMirror
	}
}
