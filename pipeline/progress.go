package pipeline

import "time"

// Progress is what is known of one link's copying, as Proof is of its contact: a link can be in contact and copy nothing. It is
// fed with every complete sample of the link's stream and with every view of the link's origin, in the order of arrival. The
// zero value knows nothing. A copy of it is a snapshot.
type Progress struct {
	position
	stood   time.Time // when the position was answered first
	fed     bool      // the origin was seen to take in some of the subjects that are copied, where only some are
	fedAt   time.Time // when it was newest seen to after it had ceased to
	strayed time.Time // since when it is seen to take in none of them any more; zero: it does, or never did

	origin   *OriginView // newest that told of the origin
	settled  bool        // a sample asked for after it was compared with it
	compared bool        // with any view, since the stream was created
	missing  uint64      // messages that the origin had then, and the link has not copied
	span     time.Duration
	even     time.Time // when the origin was newest seen to have nothing that was not copied since
	unsure   bool      // whether there are any is not known
	first    uint64    // the origin's last sequence as known when the position was found where it stands
	firstOK  bool
	together time.Time // since when samples show contact; zero: the newest shows that there is none
	gone     uint64    // what the origin took in after the position, up to this sequence, is deleted
	near     uint64    // as first, as known since then
	nearOK   bool

	stalls     [stallKinds]stalling
	origins    [4]OriginSeen // the origin, as it was known by its own path and over named connections
	divergence Divergence
	doubt      DivergenceKind
	doubted    time.Time // when the view was asked for that gave rise to the doubt
}

// position is how far a link has copied what it is to copy.
type position struct {
	kind    Kind
	mirror  time.Time // when the stream was created: another time is another stream
	part    bool      // only some of the origin's subjects are copied
	filter  string    // which, joined with commas
	floor   uint64    // sequences up to this one are not to be copied, as configured
	from    time.Time // older messages are not to be copied, as configured; zero: all are
	known   bool      // the position was told
	copied  bool      // anything was ever stored: only then does the position say something of the origin's past
	pos     uint64    // a mirror's last sequence; the origin's sequence that a source was consumed up to
	posAt   time.Time // when that was answered newest
	tail    time.Time // a mirror's newest message, as the origin stamped it
	lag     uint64    // the lowest lag reported since the position stands
	lagTold bool
}

// stalling is one sign that a position stands although there is something to copy: since when it is there, and the first and
// newest proofs of contact since then. Zero: it is not.
type stalling struct{ since, from, to time.Time }

// NewProgress returns a progress that goes on from what an earlier process knew.
func NewProgress(r OriginRecord) Progress {
	return Progress{position: position{mirror: r.Mirror}, origins: r.Seen, divergence: r.Divergence, fed: r.Fed}
}

// Record is what is to be kept.
func (p *Progress) Record() OriginRecord {
	return OriginRecord{Seen: p.origins, Mirror: p.mirror, Divergence: p.divergence, Fed: p.fed}
}

// Observe takes in what a complete sample says of the link. Contact is what is proven of it by then.
func (p *Progress) Observe(s *Sample, l *LinkSample, contact time.Time) {
	if s.Leader == "" || !l.Reported || s.At.Before(p.posAt) {
		return // nobody who knows has answered, or a newer answer overtook it
	}
	if !s.Created.Equal(p.mirror) {
		*p = Progress{position: position{mirror: s.Created}, origin: p.origin}
	}
	p.kind, p.part, p.filter = l.Kind, l.Partial(), l.Filter
	p.floor, p.from = max(l.StartSeq, 1)-1, l.StartTime
	pos, known := l.position(s)
	if l.Kind != KindSource {
		p.tail = s.State.LastTime
	}
	if !known {
		p.known = false
		return
	}
	if !p.known || pos != p.pos {
		p.stand(pos, s.At)
	}
	p.observeHearing(s.At, l)
	p.known, p.posAt = true, s.At
	p.copied = l.Kind == KindSource || s.State.Messages > 0 || s.State.FirstSeq > 0
	p.observeLag(s.At, l)
	p.settle(s.Asked)
	p.observeContact(contact)
}

// stand notes that the position is a new one.
func (p *Progress) stand(pos uint64, at time.Time) {
	if pos < p.pos { // what was copied is not any more
		p.even, p.gone = time.Time{}, 0
	}
	if pos >= p.gone {
		p.gone = 0
	}
	p.pos, p.stood, p.lagTold = pos, at, false
	p.stalls = [stallKinds]stalling{}
	p.firstOK = p.origin != nil
	p.nearOK = false
	if p.firstOK {
		p.first = p.origin.State.LastSeq
		p.approach()
	}
}

// heardLately is more than a server that hears heartbeats reports (3.0 s where they take 3 s), and less than one that makes its
// consumer again and again and hears nothing comes to.
const heardLately = 5 * time.Second

// lookedLately is more than lies between two looks while a connection sees.
const lookedLately = 2 * time.Minute

// observeHearing notes when contact is lost. What the origin took in meanwhile it may have removed by the time that contact
// is back: only what it takes in from then on shows a stall.
func (p *Progress) observeHearing(at time.Time, l *LinkSample) {
	switch {
	case l.Active < 0 || l.Active > heardLately:
		p.together, p.nearOK = time.Time{}, false
		p.stalls = [stallKinds]stalling{}
	case p.together.IsZero():
		p.together = at
	case at.Sub(p.posAt) > lookedLately: // nobody knows what was in between
		p.together, p.nearOK = at, false
		p.stalls = [stallKinds]stalling{}
	}
}

// approach notes where the origin's newest view ends, if it was asked for in contact.
func (p *Progress) approach() {
	if !p.nearOK && p.inContact() {
		p.near, p.nearOK = p.origin.State.LastSeq, true
	}
}

// inContact tells whether samples show contact ever since the newest view was asked for.
func (p *Progress) inContact() bool {
	return !p.together.IsZero() && !p.origin.Asked.Before(p.together)
}

// observeLag notes the signs that the mirror's own side gives. The server forgets its error with each attempt: once told, it
// holds until the position rises.
func (p *Progress) observeLag(at time.Time, l *LinkSample) {
	if l.ErrCode == errFlowControl {
		p.stalls[StallFlow].begin(at)
	}
	switch {
	case !p.lagTold || l.Lag <= p.lag:
		p.lag, p.lagTold = l.Lag, true
		p.stalls[StallLag] = stalling{}
	default:
		p.stalls[StallLag].begin(at)
	}
}

// errFlowControl is the server's own error of a link whose flow control stalls.
const errFlowControl = 10228

func (s *stalling) begin(at time.Time) {
	if s.since.IsZero() {
		s.since = at
	}
}

func (p *Progress) observeContact(contact time.Time) {
	for i := range p.stalls {
		s := &p.stalls[i]
		if s.since.IsZero() || !contact.After(s.since) {
			continue
		}
		if s.from.IsZero() {
			s.from = contact
		}
		s.to = contact
	}
}

// ObserveOrigin takes in a view of the origin that tells of it.
func (p *Progress) ObserveOrigin(v *OriginView) {
	if v.Fault.Kind != FaultNone || v.Leader == "" || p.origin != nil && v.Asked.Before(p.origin.Asked) {
		return // without a leader whoever answers may not know all
	}
	p.compare(v)
	p.stray(v)
	p.sift(v)
	p.origin, p.settled = v, false
	if p.known && !p.firstOK {
		p.first, p.firstOK = v.State.LastSeq, true
	}
	if p.known {
		p.approach()
	}
	if p.known && !p.part && p.gap() == 0 && p.doubt == "" { // what was copied before it was asked is copied now
		p.missing, p.span, p.unsure, p.settled, p.compared = 0, 0, false, true, true
		p.level(v.At)
	}
}

// stray notes whether the origin takes in what the link's filter lets through. Only an origin that once did can cease to.
func (p *Progress) stray(v *OriginView) {
	switch {
	case !p.part:
	case v.Feeds(p.filter):
		if !p.strayed.IsZero() {
			p.fedAt = v.At
		}
		p.fed, p.strayed = true, time.Time{}
	case p.fed && p.strayed.IsZero():
		p.strayed = v.At
	}
}

// age dates everything earlier by what the agent's clock did not count.
func (p *Progress) age(gap time.Duration) {
	p.stalls = [stallKinds]stalling{}
	p.together, p.nearOK = time.Time{}, false // nobody knows what was meanwhile
	for _, t := range []*time.Time{&p.posAt, &p.stood, &p.even, &p.doubted} {
		if !t.IsZero() {
			*t = t.Add(-gap)
		}
	}
}
