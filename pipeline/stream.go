package pipeline

import (
	"slices"
	"time"
)

// stream is one watched stream. At rest it is packed; all that is known of it is there only while it is open.
type stream struct {
	*body         // nil: it is at rest
	shared *kin   // as it was put back newest
	number uint32 // on its shelf
	called naming // its own name, without where it is, and that of its first link's origin, where that is another
	over   bool   // it was forgotten, and is on no shelf any more
	unseen bool   // it was named, but never seen
	drains bool   // its record is to be given out
	many   bool   // it has manyLinks or more
}

// body is what a Watch knows of one stream, while that is open.
type body struct {
	*kin
	key   StreamKey
	first time.Time // when it was first seen, or first named
	whole *Sample   // newest complete sample; nil: none by this process
	led   *Sample   // newest complete sample with a leader; nil: none
	fault Fault     // of the newest look
	links []*link

	due      time.Time  // when a verdict changes without an answer; zero: none does
	asked    time.Time  // newest look at just this stream
	seen     time.Time  // when it was newest seen whole
	at       time.Time  // when whole was there
	missed   time.Time  // when a round ended that did not tell of it; zero: it was seen or asked about since
	phase    float64    // from 0 to 1: spreads the looks of many streams
	waiting  bool       // for a look
	queue    int        // in which it waits, if it does
	asking   int        // such looks not ended
	gone     time.Time  // when a look first said that it is gone; zero: none did since it was last there
	headless time.Time  // since when looks find it without a leader; zero: the newest that could tell found one
	events   []Advisory // lately told of it, oldest first
	dirty    bool       // its record differs in more than its proofs

	calm   calm
	source string   // the name of the first link's origin, as it lies beside the stream's own
	held   []uint32 // words of its packed form, or that links take from their first sample
	*scratch
}

// link is what a Watch knows of one link.
type link struct {
	subject  Subject
	first    time.Time
	proof    Proof
	progress Progress
	origin   *origin // nil: nobody asks about origins
	rule     string  // that judged its silence last
	sample   LinkSample

	deadline  time.Time // when its silence opens an incident, or was to while nobody can tell; zero: never, as things stand
	judged    bool      // its silence was, by the rules of now
	grace     time.Time // until then it is not judged on its proof's age
	graced    time.Time // the proof for which grace was given
	covered   bool      // the grace is for a blindness: from its deadline on the connection's incident is open for it
	uncovered bool      // neither judged nor proven while due, or due before that can be: the connection's incident stays for it
	status    LinkStatus
}

// name is the stream's own, at rest too; empty: it was forgotten, and let go of.
func (s *stream) name() string { return s.shared.names.first(s.called) }

// ident is the stream's key, at rest too.
func (s *stream) ident() StreamKey {
	key := s.shared.place
	key.Stream = s.name()
	return key
}

// is tells whether the stream has a key, at rest too.
func (s *stream) is(key StreamKey) bool {
	name := key.Stream
	key.Stream = ""
	return s.name() == name && s.shared.place == key
}

// mirror tells whether the stream is known as a mirror.
func (s *stream) mirror() bool { return len(s.links) > 0 && s.links[0].subject.Kind == KindMirror }

// limited tells whether a limit on silence is in force that somebody set.
func (k *kin) limited() bool { return limited(&k.policy) }

func limited(p *Policy) bool { return p.SeenCritical.Set && p.SeenCritical.Value > 0 }

// view writes what the rules see of the stream.
func (s *stream) view(v *StreamView, now time.Time, blind string, fresh time.Duration) {
	*v = StreamView{
		Key: s.key, First: s.first, Policy: s.policy, Whole: s.whole, Fault: s.fault, Blind: blind,
		Leaderless: s.headless, Advisories: s.events, Links: slices.Grow(v.Links[:0], len(s.links))[:len(s.links)],
	}
	for i, l := range s.links {
		l.view(&v.Links[i], now, s, fresh)
	}
}

func (l *link) view(v *LinkView, now time.Time, s *stream, fresh time.Duration) {
	*v = LinkView{
		Subject: l.subject, First: l.first, Proof: l.proof.Contact(), Bound: l.proof.Bound(), Moved: l.proof.Moved(),
		Resets: l.proof.Resets(), Sample: l.sample, Progress: l.progress, Risk: l.risk(now, s, fresh), Unverified: l.unverified(now, fresh),
	}
	if o := l.origin; o != nil {
		v.Origin, v.Unseen, v.UnseenFor = o.told, o.unseen, o.unseenFor
	}
	if l.spared(now) {
		v.Grace = l.grace
	}
}

// risk is the data at risk on the link. While questions about the origin tell nothing, what was seen before is only that old; and
// nobody can fail over to a stream that nobody leads.
func (l *link) risk(now time.Time, s *stream, fresh time.Duration) Risk {
	r := l.progress.Risk(now, &l.sample, fresh)
	lost := l.origin != nil && !l.origin.unseenFor.IsZero() || !s.headless.IsZero()
	if lost && (r.Failover == FailoverReady || r.Failover == FailoverBehind) {
		r.Failover, r.AtLeast = FailoverUnknown, true
	}
	return r
}

// unverified says why copying is not held against the origin.
func (l *link) unverified(now time.Time, fresh time.Duration) string {
	if o := l.origin; o != nil && o.told == nil && o.unseen.Kind != FaultNone && !l.sample.Partial() {
		return o.unseen.said("the origin was not seen since the agent started: ", l.status.Unverified)
	}
	return l.progress.Unverified(now, 3*fresh)
}

// take sorts the links of a complete sample into the stream's: those that stay keep their proofs. It returns the
// links that are no longer there.
func (s *stream) take(now time.Time, sample *Sample) (removed []*link) {
	s.whole, s.fault, s.gone, s.seen, s.missed = s.keep(sample), Fault{}, time.Time{}, now, time.Time{}
	s.lead(now, sample.Leader != "")
	s.hear()
	if !s.told(sample.Links) {
		removed = s.relink(now, sample.Links)
		s.dirty = true
	}
	for i, l := range s.links {
		l.sample = s.whole.Links[i]
		l.proof.Observe(s.whole, &l.sample)
		l.progress.Observe(s.whole, &l.sample, l.proof.Contact())
	}
	return removed
}

// told tells whether links are those of the stream, in the same order.
func (s *stream) told(links []LinkSample) bool {
	if len(links) != len(s.links) {
		return false
	}
	for i, l := range s.links {
		if t := &links[i]; t.Origin != l.subject.Origin || t.Kind != l.subject.Kind || t.Via != l.subject.Via || t.Filter != l.subject.Filter {
			return false
		}
	}
	return true
}

// relink makes links those of the stream, and returns those that it has no longer.
func (s *stream) relink(now time.Time, links []LinkSample) (removed []*link) {
	old := make(map[Subject]*link, len(s.links))
	for _, l := range s.links {
		old[l.subject] = l
	}
	before := s.links
	s.links = make([]*link, 0, len(links))
	for i := range links {
		subject := links[i].Subject(s.key)
		l := old[subject]
		if l == nil {
			l = s.newLink()
			l.subject, l.first = s.word(subject), now
		}
		delete(old, subject)
		s.links = append(s.links, l)
	}
	for _, l := range before {
		if _, gone := old[l.subject]; gone {
			removed = append(removed, l)
		}
	}
	return removed
}

// lead notes whether the newest look that could tell found a leader.
func (s *stream) lead(now time.Time, led bool) {
	switch {
	case led:
		s.headless = time.Time{}
	case s.headless.IsZero():
		s.headless = now
	}
}

// maxEvents is how many advisories are kept of one stream.
const maxEvents = 8

// heed keeps an advisory.
func (s *stream) heed(a Advisory) {
	if len(s.events) == maxEvents {
		s.events = s.events[1:]
	}
	s.events = append(s.events[:len(s.events):len(s.events)], a)
}

// lost tells whether no link of the stream had a stamp, in its newest answer, on which the next one can build.
func (s *stream) lost() bool {
	return !slices.ContainsFunc(s.links, func(l *link) bool { return !l.proof.lost() })
}
