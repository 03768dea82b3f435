package pipeline

import "time"

// This file holds how a Watch takes in, in passing, what most samples of a round are: those of streams that are well, and tell nothing new
// but times, counts and positions. Such a sample goes through the same rules of proof and plans the same looks, but the stream stays packed,
// and no rule is asked: of a stream that is calm they would all say again what they said of the sample before.

// calm says what may be taken in of the next sample in passing. It holds from a judgement until the stream is taken down.
type calm struct {
	is    bool
	rises bool      // a position that has risen may be, too
	asOf  time.Time // oldest view of an origin that a verdict on a failover rests on; zero: there is none
}

// calmly tells, of a stream that was judged just now, what may be taken in in passing. Some of what is asked here and in Progress.calm
// follows from the rest as things stand: each says by itself what would have to be judged.
func (w *Watch) calmly(now time.Time, s *stream) calm {
	b := s.body
	if w.sight.blind || b.whole == nil || b.led != b.whole || b.seen != now || b.dirty || b.busy() || b.troubled() || b.policy.Checks != (Checks{}) ||
		w.judging.awaits || b.due != b.firstDeadline() || w.tracker.docket(b.key) != nil {
		return calm{}
	}
	c := calm{is: true, rises: true}
	for _, l := range b.links {
		if !l.calm(b) {
			return calm{}
		}
		c.rises = c.rises && l.progress.follows(&l.proof)
		if l.status.Unverified == "" {
			c.asOf = earlier(c.asOf, l.status.Risk.AsOf)
		}
	}
	return c
}

// calm tells whether all that is known of the link follows from its newest sample, or does not change with another one that is alike.
func (l *link) calm(b *body) bool {
	f, r := &l.proof, &l.status
	return f.contact.After(l.graced) && !f.contact.After(f.bound) && *f == f.well(b.whole, &l.sample) &&
		l.sample.Lag == 0 && l.sample.Error == "" && l.sample.ErrCode == 0 && !l.uncovered &&
		r.Level == OK && !r.Starting && !r.Dark && r.Updated == b.seen && r.Proof == f.contact && l.progress.calm(r)
}

// calm tells whether another sample that stands where the newest does changes nothing, and whether no time does what is shown of it.
func (p *Progress) calm(r *LinkStatus) bool {
	switch {
	case p.stalls != [stallKinds]stalling{} || p.doubt != "" || p.divergence.Kind != "" || !p.strayed.IsZero():
		return false
	case !p.known:
		return p.kind == KindSource && r.Unverified != ""
	case p.together.IsZero():
		return false
	case p.origin == nil || p.part:
		return r.Unverified != ""
	}
	return p.settled && p.compared && p.gap() == 0 && p.missing == 0 && p.span == 0 && !p.unsure && !p.even.Before(p.origin.At) &&
		r.Unverified == "" && r.Risk.Failover == FailoverReady && r.Risk.AsOf == p.origin.At
}

// follows tells whether a position that rises changes nothing but itself, and the time since which it stands: that of the proof.
func (p *Progress) follows(f *Proof) bool {
	switch {
	case !p.known:
		return true
	case f.moved.IsZero() || p.stood != f.moved:
		return false
	case p.origin == nil:
		return !p.firstOK && !p.nearOK
	}
	end := p.origin.State.LastSeq
	return p.firstOK && p.first == end && p.nearOK == p.inContact() && (!p.nearOK || p.near == end)
}

// pass takes in a round's sample of a stream, where that may be done in passing. It tells whether it was.
func (w *Watch) pass(now time.Time, s *stream, sample *Sample) bool {
	if s == nil || s.body != nil || sample.Fault.Kind != FaultNone || w.sight.blind || len(w.waiting) > 0 {
		return false
	}
	b, behind := w.shelf.glance(s)
	defer w.shelf.spare(b)
	if !b.calm.is || !w.alike(now, b, sample) {
		return false
	}
	proven, well := b.follow(now, sample)
	if !well {
		return false
	}
	w.proven += proven
	w.observeClock(sample)
	w.shelf.replace(s, b, behind)
	w.witness(s)
	s.body = b
	w.plan(now, s)
	s.body = nil
	return true
}

// alike tells whether a sample of a calm stream tells nothing new but what moves while all is well.
func (w *Watch) alike(now time.Time, b *body, s *Sample) bool {
	before := b.whole
	if s.Asked.Before(before.Asked) || !s.ServerTime.After(before.ServerTime) || s.At.Before(before.At) || s.At.Sub(before.At) > lookedLately {
		return false // overtaken, or nobody knows what was in between
	}
	if !b.calm.asOf.IsZero() && now.Sub(b.calm.asOf) > w.fresh() {
		return false
	}
	if s.Leader != before.Leader || !s.Created.Equal(before.Created) || s.Bounds != before.Bounds || len(s.Links) != len(b.links) ||
		len(s.Peers) != len(before.Peers) || !b.own.equal(s.policy()) || !b.labelled(w.opt.Metadata, s.metadata()) {
		return false
	}
	for i := range s.Peers {
		p := s.Peers[i]
		if p.Active = before.Peers[i].Active; p != before.Peers[i] || !p.Current || p.Offline || p.Pending {
			return false
		}
	}
	for i, l := range b.links {
		if !b.calm.allows(&s.Links[i], s, &l.sample, before) {
			return false
		}
	}
	return true
}

// allows tells whether a link is told of as before, but for what moves: as one in contact.
func (c *calm) allows(l *LinkSample, s *Sample, before *LinkSample, whole *Sample) bool {
	at, known := l.position(s)
	if was, told := before.position(whole); known != told || at < was || at > was && !c.rises {
		return false
	}
	t := *l
	t.Active, t.Seq = before.Active, before.Seq
	return t == *before && l.Active >= 0 && l.Active <= heartbeatLate
}

// follow lets the proofs of a calm stream's links observe a sample that is alike. It tells how many links were proven anew, and whether all
// proofs came to what follows from it, and nothing falls due: where not, the body is of no use any more.
func (b *body) follow(now time.Time, s *Sample) (proven int, well bool) {
	w := b.whole
	for i, l := range b.links {
		f := &l.proof
		before, limit := f.contact, l.deadline.Sub(f.contact)
		*f = f.well(w, &l.sample)
		l.sample = s.Links[i]
		f.Observe(s, &l.sample)
		if *f != f.well(s, &l.sample) || f.contact.After(f.bound) {
			return 0, false
		}
		if f.contact.After(before) {
			proven++
		}
		if l.deadline.IsZero() {
			continue
		}
		if l.deadline = f.contact.Add(limit); !now.Before(l.deadline) {
			return 0, false
		}
	}
	b.due, b.seen, b.at = b.firstDeadline(), now, s.At
	w.At, w.Asked, w.ServerTime, w.Blur, w.State = s.At, s.Asked, s.ServerTime, s.Blur, s.State
	for i := range w.Peers {
		w.Peers[i].Active = s.Peers[i].Active
	}
	return proven, true
}
