package pipeline

import (
	"slices"
	"time"
)

// This file holds when a Watch looks at single streams, and which of those that want a look go first.

// The queues of streams that wait for a look of their own, the first served first.
const (
	queueAnswering  = iota // answered last time
	queueSilent            // did not
	queueRecovering        // have an incident, and nothing falls due: asked about again for its end
	queues
)

// turnStreams judges the streams that fell due, and returns those to look at now.
func (w *Watch) turnStreams(now time.Time) []*stream {
	w.wake(now)
	return w.serve(now)
}

// wake judges the streams that fell due, and queues those that want a look.
func (w *Watch) wake(now time.Time) {
	for s := w.wakes.pop(now); s != nil; s = w.wakes.pop(now) {
		m := w.shelf.mark()
		w.woken(now, w.shelf.open(s))
		w.shelf.settle(m)
	}
}

func (w *Watch) woken(now time.Time, s *stream) {
	if s.due.IsZero() || now.Before(s.due) {
		w.want(now, s)
		w.plan(now, s)
		return
	}
	if w.sight.lapse(now, suspectAfter) {
		w.connectionDue = now
	}
	w.judge(now, s)
}

// want queues a stream for a look. One whose look has become urgent goes on from the queue of those that are not.
func (w *Watch) want(now time.Time, s *stream) {
	queue := queueRecovering
	if at := w.urgentAt(s); !at.IsZero() && !at.After(now) {
		queue = queueAnswering
		if s.silent() {
			queue = queueSilent
		}
	}
	if s.waiting && (s.queue == queue || queue == queueRecovering) {
		return
	}
	s.waiting, s.queue = true, queue
	w.waits[queue] = append(w.waits[queue], s)
}

// serve takes streams out of the queues, as far as places and budgets allow. While the connection is blind nobody is
// asked about: rounds find out when it no longer is.
func (w *Watch) serve(now time.Time) (scope []*stream) {
	w.starved = time.Time{}
	places := [2]int{mostAsked - w.asking, mostSilent - w.silent}
	for queue := range w.waits {
		for len(w.waits[queue]) > 0 {
			s, m := w.waits[queue][0], w.shelf.mark()
			if !w.waitsIn(now, queue, s) {
				w.waits[queue] = w.waits[queue][1:]
				w.shelf.settle(m) // there may be very many
				continue
			}
			place := &places[0]
			if s.silent() {
				place = &places[1]
			}
			if *place <= 0 {
				break
			}
			purse := &w.budget
			if queue == queueRecovering {
				purse = &w.recovery
			}
			ready, ok := purse.take(now)
			if !ok {
				w.starved = earlier(w.starved, ready)
				break
			}
			w.waits[queue] = w.waits[queue][1:]
			*place--
			s.waiting, s.queue, s.asked, s.missed = false, 0, now, time.Time{}
			if queue != queueRecovering { // its deadline nears: the origin may tell why
				w.catchUpOn(now, s)
				for _, l := range s.links {
					w.hurry(now, l.origin)
				}
			}
			w.plan(now, s)
			scope = append(scope, s)
		}
	}
	return scope
}

// waitsIn tells whether a stream still waits in a queue, and then leaves it open.
func (w *Watch) waitsIn(now time.Time, queue int, s *stream) bool {
	if s.over {
		return false
	}
	w.shelf.open(s)
	switch {
	case !s.waiting || s.queue != queue: // it went on to another queue
	case !w.wanted(now, s):
		s.waiting, s.queue = false, 0
		w.plan(now, s) // it was not planned for a look while it waited
	case queue == queueAnswering && s.silent():
		s.queue = queueSilent
		w.waits[queueSilent] = append(w.waits[queueSilent], s)
	default:
		return true
	}
	return false
}

// wanted tells whether a queued stream is still to be looked at.
func (w *Watch) wanted(now time.Time, s *stream) bool {
	at, _ := w.lookAt(s)
	return !w.sight.blind && !at.IsZero() && !at.After(now)
}

// plan says when the stream wants attention again: for a look, or at its deadline to be judged on what is in hand.
func (w *Watch) plan(now time.Time, s *stream) {
	next := s.due
	switch {
	case w.sight.blind:
	case !s.waiting:
		at, _ := w.lookAt(s)
		next = earlier(next, at)
	case s.queue == queueRecovering:
		next = earlier(next, w.urgentAt(s))
	}
	if !next.IsZero() && next.Before(now) {
		next = now
	}
	w.wakes.set(s, next)
}

// lookAt is when the stream is to be looked at by itself, zero: as things stand never; and whether that is urgent.
func (w *Watch) lookAt(s *stream) (at time.Time, urgent bool) {
	at = w.urgentAt(s)
	after := w.suspicious(s)
	if period, _ := w.rounds.period(); after == 0 && (period > chainable || w.roundError != "") && w.tracker.Has(s.key) {
		after = pairApart
	}
	if after > 0 {
		since := later(s.seen, s.asked)
		if after == waryLook && s.whole != nil { // counted from its answer, it might fall onto a later look, and prove nothing
			since = later(s.whole.Asked, s.asked)
		}
		again := since.Add(after)
		if at.IsZero() || again.Before(at) {
			return again, false
		}
	}
	return at, true
}

// suspicious tells how soon after the newest sample another one would show whether a link of the stream is in contact, and
// copies; 0: nothing is in doubt. A link that was in contact a moment ago, and of which nothing is heard now, waits for the rounds where
// they come in time: another sample could make its proof younger by some seconds only.
func (w *Watch) suspicious(s *stream) (after time.Duration) {
	for _, l := range s.links {
		switch {
		case l.proof.doubtful() && !(l.proof.ceased() && w.met(s)):
			return waryLook
		case l.progress.suspicious():
			after = pairApart
		}
	}
	return after
}

// urgentAt is when an urgent look at the stream is due, zero: as things stand never.
func (w *Watch) urgentAt(s *stream) time.Time {
	at := earlier(s.missed, w.deadlineLook(s))
	if !s.gone.IsZero() {
		at = earlier(at, later(s.gone, s.asked).Add(confirmGone))
	}
	return at
}

// rate is how many looks a second can be made at single streams: what the budget allows, and no more than there are
// places for while each takes as long as it did lately.
func (w *Watch) rate() float64 {
	if w.took <= 0 {
		return w.budget.perSec
	}
	return min(w.budget.perSec, mostAsked/w.took.Seconds())
}

// timed notes how long an answer took. Of looks at single streams a few slow ones in a row count; until there was one, the
// newest answer of a round stands for them.
func (w *Watch) timed(took time.Duration, single bool) {
	switch {
	case single && w.measured:
		w.took += (took - w.took) / 8
	case single || !w.measured:
		w.took, w.measured = took, single
	}
}

// witness notes that a stream answered.
func (w *Watch) witness(s *stream) {
	if w.lately[0] != s {
		copy(w.lately[1:], w.lately[:])
		w.lately[0] = s
	}
}

// witnesses returns streams that answered lately, and are not being asked.
func (w *Watch) witnesses() (scope []*stream) {
	for _, s := range w.lately {
		if s == nil || s.over {
			continue
		}
		if w.shelf.open(s); !s.silent() && s.asking == 0 && !slices.Contains(scope, s) {
			scope = append(scope, s)
		}
	}
	return scope
}
