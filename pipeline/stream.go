package pipeline

import (
	"maps"
	"slices"
	"time"
)

// stream is what a Watch knows of one watched stream.
type stream struct {
	key    StreamKey
	first  time.Time // when it was first seen, or first named
	own    Policy    // its own metadata
	policy Policy    // over the defaults
	whole  *Sample   // newest complete sample; nil: none by this process
	fault  Fault     // of the newest look
	links  []*link

	metadata map[string]string // the wanted keys that are set; nil: none is. It does not change, incidents share it

	due      time.Time  // when a verdict changes without an answer; zero: none does
	deadline time.Time  // the earliest one of a link's silence; zero: none lies ahead
	asked    time.Time  // newest look at just this stream
	seen     time.Time  // when it was newest seen whole
	missed   time.Time  // when a round ended that did not tell of it; zero: it was seen or asked about since
	phase    float64    // from 0 to 1: spreads the looks of many streams
	waiting  bool       // for a look
	queue    int        // in which it waits
	asking   int        // such looks not ended
	listed   uint64     // the newest round that told of it
	offbeat  uint64     // the round after which it was newest looked at by itself
	gone     time.Time  // when a look first said that it is gone; zero: none did since it was last there
	headless time.Time  // since when looks find it without a leader; zero: the newest that could tell found one
	events   []Advisory // lately told of it, oldest first
	kept     time.Time  // when its record was last given out to be kept
	dirty    bool       // its record differs in more than its proofs

	wake  time.Time // when it is to be looked at again; see wakes
	index int       // in wakes; -1: not in it
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

	grace     time.Time // until then it is not judged on its proof's age
	graced    time.Time // the proof for which grace was given: once for each
	covered   bool      // the grace holds only while the connection's incident is open
	uncovered bool      // overdue, and neither judged nor proven: the connection's incident stays for it
	status    LinkStatus
}

func newStream(key StreamKey, now time.Time) *stream {
	return &stream{key: key, first: now, index: -1, dirty: true}
}

// mirror tells whether the stream is known as a mirror.
func (s *stream) mirror() bool { return len(s.links) > 0 && s.links[0].subject.Kind == KindMirror }

// limited tells whether a limit on silence is in force that somebody set.
func (s *stream) limited() bool { return limited(s.policy) }

func limited(p Policy) bool { return p.SeenCritical.Set && p.SeenCritical.Value > 0 }

// view is what the rules see of the stream. Covered tells whether an incident of the connection covers its links.
func (s *stream) view(now time.Time, blind string, covered bool, fresh time.Duration) *View {
	v := &StreamView{
		Key: s.key, First: s.first, Policy: s.policy, Whole: s.whole, Fault: s.fault, Blind: blind,
		Leaderless: s.headless, Advisories: s.events,
	}
	v.Links = make([]LinkView, len(s.links))
	for i, l := range s.links {
		v.Links[i] = l.view(now, s, covered, fresh)
	}
	return &View{Stream: v}
}

func (l *link) view(now time.Time, s *stream, covered bool, fresh time.Duration) LinkView {
	v := LinkView{
		Subject: l.subject, First: l.first, Proof: l.proof.Contact(), Bound: l.proof.Bound(), Moved: l.proof.Moved(),
		Resets: l.proof.Resets(), Sample: l.sample, Progress: l.progress, Risk: l.risk(now, s, fresh), Unverified: l.unverified(now, fresh),
	}
	if o := l.origin; o != nil {
		v.Origin, v.Unseen, v.UnseenFor = o.told, o.unseen, o.unseenFor
	}
	if !v.Proof.After(l.graced) && (covered || !l.covered) { // what was proven since needs no grace
		v.Grace = l.grace
	}
	return v
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
		return "the origin was never seen: " + o.unseen.String()
	}
	return l.progress.Unverified(now, 3*fresh)
}

// spare gives the stream's links grace, once for each proof: those that fall due meanwhile could not be looked at in
// time, and are looked at now before they are judged.
func (s *stream) spare(now time.Time) {
	for _, l := range s.links {
		if p := l.proof.Contact(); l.grace.IsZero() || !p.Equal(l.graced) {
			l.grace, l.graced, l.covered = now.Add(graceFor), p, false
		}
	}
}

// take sorts the links of a complete sample into the stream's: those that stay keep their proofs. It returns the
// links that are no longer there.
func (s *stream) take(now time.Time, sample *Sample) (removed []*link) {
	kept := *sample
	kept.Settings = nil // what is wanted of it is in s.own and s.metadata
	s.whole, s.fault, s.gone, s.seen, s.missed = kept.Clone(), Fault{}, time.Time{}, now, time.Time{}
	s.lead(now, sample.Leader != "")
	old := make(map[Subject]*link, len(s.links))
	for _, l := range s.links {
		old[l.subject] = l
	}
	links := make([]*link, 0, len(sample.Links))
	for i := range sample.Links {
		subject := sample.Links[i].Subject(s.key)
		l := old[subject]
		if l == nil {
			l = &link{subject: subject, first: now}
			s.dirty = true
		}
		delete(old, subject)
		l.sample = sample.Links[i]
		l.proof.Observe(s.whole, &l.sample)
		l.progress.Observe(s.whole, &l.sample, l.proof.Contact())
		links = append(links, l)
	}
	for _, l := range s.links {
		if _, gone := old[l.subject]; gone {
			removed = append(removed, l)
			s.dirty = true
		}
	}
	s.links = links
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

// suspicious tells how soon after the newest sample another one would show whether a link of the stream is in contact, and
// copies; 0: nothing is in doubt.
func (s *stream) suspicious() (after time.Duration) {
	for _, l := range s.links {
		switch {
		case l.proof.doubtful():
			return waryLook
		case l.progress.suspicious():
			after = pairApart
		}
	}
	return after
}

// still tells whether a link of the stream is proven by stamps only: no data was copied lately.
func (s *stream) still() bool {
	for _, l := range s.links {
		if s.seen.Sub(l.proof.Moved()) > SelfHealing/2 {
			return true
		}
	}
	return false
}

// sortedStreams returns streams in the order of their keys.
func sortedStreams(set map[*stream]int) []*stream {
	return slices.SortedFunc(maps.Keys(set), func(a, b *stream) int { return compareKeys(a.key, b.key) })
}
