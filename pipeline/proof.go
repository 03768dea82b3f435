package pipeline

import "time"

// What the proof rules rest on, measured on nats-server 2.15.2. The server stamps a link's "last heard" with every
// message and heartbeat (each second when idle), but also with every re-creation of its internal consumer, and those
// come only after 10 s of silence.
const (
	// sameStamp is how far apart two readings of one stamp may lie: the server reads its clock twice (58 ms seen).
	sameStamp = 500 * time.Millisecond
	// resetsApart is less than two stamps made without contact can lie apart.
	resetsApart = 9500 * time.Millisecond
	// heartbeatLate is more than a stamp is old while heartbeats come, each second (1.05 s seen). Who finds an older one has seen
	// contact cease, or stamps made without it: a leafnode that comes and goes makes one each time. From then on only stamps less
	// than waryApart apart are believed, until some prove contact: heartbeats make such ones for two looks waryLook apart.
	heartbeatLate = 1500 * time.Millisecond
	waryApart     = 3200 * time.Millisecond
	waryLook      = 2 * time.Second
	// slowAnswer is how long an answer may take and still be dated by its arrival.
	slowAnswer = time.Second
)

// Proof is what is proven of one link's contact with its origin. It is fed with every complete sample of the link's
// stream, in the order of arrival; what could not be seen proves nothing and need not be told. The zero value knows nothing.
type Proof struct {
	contact time.Time // agent's clock: latest proven contact
	rough   bool      // the stamp of proven was dated by an answer that took long
	bound   time.Time // agent's clock: contact is not later, says the leader of now
	foreign bool      // contact was proven under another leader than bound

	leader       string
	created      time.Time
	answered     time.Time     // server's clock: newest answer of this leader
	answeredBlur time.Duration // how far off that may be
	received     time.Time     // agent's clock: when that was there
	settled      bool          // this leader told of the link before

	heard  time.Time        // server's clock: newest stamp under this leader; zero: none
	proven time.Time        // server's clock: contact proven under this leader; zero: none
	blur   [2]time.Duration // how far off heard and proven may be

	wary   bool          // a stamp was found too old for heartbeats to come, and no contact was proven since
	active time.Duration // the stamp's age in the newest answer; negative: there was none
	resets int           // how often the stamp began anew since contact was last proven

	moved time.Time // agent's clock: newest answer of a settled leader in which the position had risen; zero: none did

	lag      uint64    // newest reported lag
	last     uint64    // newest last sequence of the stream; all that tells of a source whose position is not told
	seq      uint64    // newest position under this leader
	seqKnown bool      // seq was read together with a reported link, of a settled leader
	seqAsked time.Time // agent's clock: when the question was asked that seq answered
}

// NewProof returns a proof that goes on from a contact proven by an earlier process; zero where there was none.
func NewProof(contact time.Time) Proof { return Proof{contact: contact} }

// Contact is the latest proven contact in the agent's clock; zero: none.
func (p *Proof) Contact() time.Time { return p.contact }

// Bound is a time in the agent's clock after which there was certainly no contact; zero: nothing is known.
func (p *Proof) Bound() time.Time {
	if p.foreign {
		return time.Time{}
	}
	return p.bound
}

// Moved is when data was newest seen to have been copied, in the agent's clock; zero: never since the leader of now began.
func (p *Proof) Moved() time.Time { return p.moved }

// Resets is how often the stamp was seen to begin anew, 9.5 s or more after the one before, since contact was last proven: the
// server makes its consumer again and again, and hears nothing from it.
func (p *Proof) Resets() int { return p.resets }

// Observe takes in what a complete sample says of the link.
func (p *Proof) Observe(s *Sample, l *LinkSample) {
	switch late := !s.ServerTime.After(p.answered); {
	case s.Leader != p.leader || !s.Created.Equal(p.created):
		p.startAnew(s)
	case late && s.ServerTime.Before(p.answered) && s.Asked.After(p.received):
		p.startAnew(s) // nothing overtook it: the server's clock was set back
	case late:
		return // overtaken by a newer answer
	}
	before, blur := p.answered, p.answeredBlur
	p.answered, p.answeredBlur, p.received = s.ServerTime, s.Blur, s.At
	if s.Leader == "" || !l.Reported {
		// Nobody who knows has answered: neither the stamps before nor the position before can be built on.
		p.heard, p.proven, p.bound, p.seqKnown, p.settled = time.Time{}, time.Time{}, time.Time{}, false, false
		return
	}
	p.observePosition(s, l, before, blur)
	p.observeStamp(s, l)
	p.settled = true
}

func (p *Proof) startAnew(s *Sample) {
	foreign := p.foreign || !p.contact.IsZero() && p.leader != ""
	*p = Proof{contact: p.contact, foreign: foreign, leader: s.Leader, created: s.Created, wary: p.wary}
}

// observeStamp applies the rules on "last heard". The leader's clock is compared with itself only; in the agent's
// clock, contact was Active before the answer came.
func (p *Proof) observeStamp(s *Sample, l *LinkSample) {
	p.active = l.Active
	if l.Active < 0 {
		// The stamp was wiped. The next one may be a consumer's creation, at once: start the chain anew.
		p.heard, p.proven, p.bound = time.Time{}, time.Time{}, time.Time{}
		return
	}
	heard, contact := s.ServerTime.Add(-l.Active), s.At.Add(-l.Active)
	p.bound = contact
	contact = contact.Add(-2 * s.Blur) // the stream was read that much before the answer, at most
	slow := s.At.Sub(s.Asked) > slowAnswer
	if slow { // ts lies anywhere between question and answer: the earlier reading claims nothing that may not be
		contact = s.Asked.Add(-l.Active)
	}
	if !p.heard.IsZero() && heard.Before(p.heard.Add(-sameStamp-s.Blur-p.blur[0])) {
		p.heard, p.proven = time.Time{}, time.Time{} // the stamp went back: it is not the one that we knew
	}
	switch {
	case p.chains(p.heard, heard, s.Blur+p.blur[0]), p.chains(p.proven, heard, s.Blur+p.blur[1]):
		if heard.After(p.proven) {
			p.rough, p.blur[1] = slow, s.Blur
		}
		p.prove(heard, contact)
		p.wary = false
	case slow || p.proven.IsZero() || heard.Sub(p.proven).Abs() > sameStamp:
	case p.rough, contact.Before(p.contact):
		p.contact, p.rough = contact, false // the same stamp by a quicker answer: a closer reading of the same proof
	}
	if !p.heard.IsZero() && heard.Sub(p.heard) >= resetsApart && p.proven.Before(heard) {
		p.resets++
	}
	p.heard, p.blur[0] = heard, s.Blur
	p.wary = p.wary || l.Active > heartbeatLate
}

// chains tells whether heard lies after base by more than two readings of one stamp, and by less than two resets.
func (p *Proof) chains(base, heard time.Time, blur time.Duration) bool {
	apart := resetsApart
	if p.wary {
		apart = waryApart
	}
	d := heard.Sub(base)
	return !base.IsZero() && d > sameStamp+blur && d < apart-blur
}

// doubtful tells whether a look soon would show if the stamps are made by contact.
func (p *Proof) doubtful() bool { return p.wary && p.active >= 0 && p.active < waryApart }

// ceased tells whether contact was proven up to the stamp in the newest answer, and heartbeats do not come any more.
func (p *Proof) ceased() bool {
	return p.active > heartbeatLate && !p.proven.IsZero() && p.heard.Sub(p.proven) <= sameStamp
}

// lost tells whether the newest answer had no stamp on which the next one can build: none, or one that is too old.
func (p *Proof) lost() bool { return p.active < 0 || p.active >= resetsApart }

// observePosition applies the rule on positions: one that has risen between two answers of a settled leader proves
// contact after the first of them.
func (p *Proof) observePosition(s *Sample, l *LinkSample, before time.Time, blur time.Duration) {
	seq, known := l.position(s)
	if known && p.seqKnown && seq > p.seq {
		if before.After(p.proven) {
			p.blur[1] = blur
		}
		p.prove(before, p.seqAsked)
		p.wary = false
	}
	// Where a source's position is not told, its stream's growth may be another source's, unless the reported lag changed too:
	// it does only when a message of this one arrives.
	grown := s.State.LastSeq > p.last && (len(s.Links) == 1 || l.Lag != p.lag)
	if p.settled && (known && p.seqKnown && seq > p.seq || !known && grown) {
		p.moved = s.At
	}
	p.last, p.lag = s.State.LastSeq, l.Lag
	// A leader's first answer is no base: it may still be applying what another leader had stored.
	p.seq, p.seqKnown, p.seqAsked = seq, known && p.settled, s.Asked
}

func (p *Proof) prove(heard, contact time.Time) {
	if heard.After(p.proven) {
		p.proven = heard
	}
	if contact.After(p.contact) {
		p.contact = contact
		p.resets = 0
	}
	p.foreign = false
}

// age dates everything earlier by what the agent's clock did not count.
func (p *Proof) age(gap time.Duration) {
	for _, t := range []*time.Time{&p.contact, &p.bound, &p.moved, &p.seqAsked} {
		if !t.IsZero() {
			*t = t.Add(-gap)
		}
	}
}
