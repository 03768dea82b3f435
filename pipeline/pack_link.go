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
		p.time(&l.graced, b.first)
	}
}

// packMoving packs what rounds change in a proof while all is well.
func (f *Proof) packMoving(p *packer, s *Sample, l *LinkSample) {
	p.time(&f.contact, ago(s.At, l.Active+2*s.Blur))
	p.stamp(&f.proven, ago(s.ServerTime, l.Active))
	packInt(p, &f.blur[1], s.Blur)
	packInt(p, &f.resets, 0)
	if p.bit(!f.moved.IsZero()) {
		p.time(&f.moved, s.At)
	}
}

// well is the proof as it follows from the newest sample, and from what packMoving packs of it, while all is well.
func (f *Proof) well(s *Sample, l *LinkSample) Proof {
	p := Proof{
		contact: f.contact, proven: f.proven, resets: f.resets, moved: f.moved, blur: [2]time.Duration{s.Blur, f.blur[1]},
		bound: ago(s.At, l.Active), leader: s.Leader, created: s.Created, answered: s.ServerTime,
		answeredBlur: s.Blur, received: s.At, settled: true, heard: ago(s.ServerTime, l.Active),
		active: l.Active, lag: l.Lag, last: s.State.LastSeq, seqAsked: s.Asked,
	}
	p.seq, p.seqKnown = l.position(s)
	return p
}

// pack packs the rest of a proof.
func (f *Proof) pack(p *packer, s *Sample, l *link) {
	well := f.well(s, &l.sample)
	if !p.bit(!p.reading && *f != well) {
		*f = well
		return
	}
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
	packInt(p, &f.blur[0], s.Blur)
	p.flag(&f.wary, false)
	packInt(p, &f.active, well.active)
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
