package pipeline

import "time"

// This file holds how what is known of a link is packed, beside what the board shows of it.

func (l *link) pack(p *packer, b *body) {
	s := b.whole
	if s == nil {
		s = &b.nothing
	}
	l.proof.pack(p, s, l)
	l.progress.pack(p, s, l)
	packText(p, &l.rule, "")
	p.flag(&l.judged, true)
	if p.bit(!l.grace.IsZero() || !l.graced.IsZero()) {
		p.time(&l.grace, b.first)
		p.time(&l.graced, l.status.Proof)
	}
}

// pack packs a proof. While all is well it follows from the newest sample.
func (f *Proof) pack(p *packer, s *Sample, l *link) {
	p.time(&f.moved, s.At)
	well := Proof{
		contact: l.status.Proof, bound: ago(s.At, l.sample.Active), leader: s.Leader, created: s.Created, answered: s.ServerTime,
		answeredBlur: s.Blur, received: s.At, settled: true, heard: ago(s.ServerTime, l.sample.Active), blur: [2]time.Duration{s.Blur, s.Blur},
		active: l.sample.Active, moved: f.moved, lag: l.sample.Lag, last: s.State.LastSeq, seq: s.State.LastSeq, seqKnown: true, seqAsked: s.Asked,
	}
	if well.proven = well.heard; l.subject.Kind == KindSource {
		well.seq = l.sample.Seq
	}
	if !p.bit(!p.reading && *f != well) {
		*f = well
		return
	}
	p.time(&f.contact, well.contact)
	p.time(&f.bound, well.bound)
	packText(p, &f.leader, well.leader)
	p.stamp(&f.created, well.created)
	p.stamp(&f.answered, well.answered)
	packInt(p, &f.answeredBlur, well.answeredBlur)
	p.time(&f.received, well.received)
	p.flag(&f.settled, true)
	p.flag(&f.rough, false)
	p.flag(&f.foreign, false)
	p.stamp(&f.heard, well.heard)
	p.stamp(&f.proven, f.heard)
	packInt(p, &f.blur[0], s.Blur)
	packInt(p, &f.blur[1], s.Blur)
	p.flag(&f.wary, false)
	packInt(p, &f.active, well.active)
	packInt(p, &f.resets, 0)
	packInt(p, &f.lag, well.lag)
	packInt(p, &f.last, well.last)
	packInt(p, &f.seq, well.seq)
	p.flag(&f.seqKnown, true)
	p.time(&f.seqAsked, well.seqAsked)
}

// packOrigin packs which origin the link comes from.
func (l *link) packOrigin(p *packer) {
	n := uint32(0) // its number + 1; 0: nobody asks about it
	if !p.reading && l.origin != nil {
		n = l.origin.number + 1
	}
	if packInt(p, &n, 0); p.reading && n > 0 {
		l.origin = p.resolve(n - 1)
	}
}
