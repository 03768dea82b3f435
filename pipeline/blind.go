package pipeline

import "time"

// blindAfter is how long nothing may answer before a connection counts as blind. At a deadline, suspectAfter does; before
// that, after doubtAfter, streams that answered lately are asked whether they still do.
const (
	blindAfter   = 5 * time.Second
	suspectAfter = 2 * time.Second
	doubtAfter   = time.Second
)

// sight says whether a connection sees anything at all.
type sight struct {
	blind  bool
	since  time.Time // of the blindness
	reason string    // why, for people
	past   blindness // the newest one that is over

	waiting  time.Time // when the oldest question was asked that nothing has answered since; zero: none
	doubted  bool      // others were asked since then
	answered time.Time // newest answer of any kind; zero: never
}

// blindness is since when nothing was seen, and why.
type blindness struct {
	since  time.Time
	reason string
}

// asked notes a question.
func (s *sight) asked(now time.Time) {
	if s.waiting.IsZero() {
		s.waiting = now
	}
}

// answer notes an answer of any kind, and tells whether it ended a blindness.
func (s *sight) answer(now time.Time) (ended bool) {
	if ended = s.blind; ended {
		s.past = blindness{s.since, s.reason}
	}
	s.blind, s.since, s.reason = false, time.Time{}, ""
	s.forget()
	s.answered = now
	return ended
}

// forget stops waiting for an answer to what was asked so far.
func (s *sight) forget() { s.waiting, s.doubted = time.Time{}, false }

// doubt tells, once, that a question waits so long that others are to be asked.
func (s *sight) doubt(now time.Time) bool {
	if s.blind || s.doubted || s.waiting.IsZero() || now.Sub(s.waiting) < doubtAfter {
		return false
	}
	s.doubted = true
	return true
}

// unanswered notes why a question got no answer; an answer in between forgets it.
func (s *sight) unanswered(reason string) {
	if reason != "" {
		s.reason = reason
	}
}

// refused notes that a look at single streams, asked at some time, was refused. Who may not make such looks sees by rounds: what it
// alone waited for is not waited for any more.
func (s *sight) refused(asked time.Time) {
	if s.waiting.Equal(asked) {
		s.forget()
	}
}

// disconnected notes that the connection is down, and tells whether that began a blindness.
func (s *sight) disconnected(now time.Time, reason string) (began bool) {
	s.unanswered(reason)
	if s.blind {
		return false
	}
	s.blind, s.since = true, now
	return true
}

// lapse tells whether a blindness begins because nothing answered for long enough.
func (s *sight) lapse(now time.Time, after time.Duration) (began bool) {
	if s.blind || s.waiting.IsZero() || now.Sub(s.waiting) < after {
		return false
	}
	s.blind, s.since = true, s.waiting
	if s.reason == "" {
		s.reason = ErrNoAnswer.Error()
	}
	return true
}

// wake is when doubt or lapse may next say yes; zero: never, as things stand.
func (s *sight) wake() time.Time {
	switch {
	case s.blind || s.waiting.IsZero():
		return time.Time{}
	case !s.doubted:
		return s.waiting.Add(doubtAfter)
	}
	return s.waiting.Add(blindAfter)
}
