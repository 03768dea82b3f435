package pipeline

import "time"

// This file holds the grace of links that nobody could look at in time: after a start, a pause of our own, a blindness. What is proven
// since that began needs none. What was proven shortly before may show only in the first answer after it: a position that rose meanwhile
// proves contact at the answer before.

// spared tells whether the link has grace.
func (l *link) spared(now time.Time) bool {
	return now.Before(l.grace) && !l.proof.Contact().After(l.graced)
}

// spare gives the stream's links grace, once for each proof: those that fall due meanwhile could not be looked at since some time,
// and are looked at now before they are judged.
func (s *stream) spare(now, since time.Time) {
	for _, l := range s.links {
		if p := l.proof.Contact(); l.grace.IsZero() || p.After(l.graced) {
			l.grace, l.graced, l.covered = now.Add(graceFor), later(p, since), false
		}
	}
}

// forgive gives grace to those of the stream's links whose proof is missing because of the blindness that ends now. The connection's
// incident covers them: where none is open, it opens when the first of them falls due. While it waits for a hold, grace is given once for
// each proof.
func (w *Watch) forgive(now time.Time, s *stream) {
	for _, l := range s.links {
		if l.deadline.IsZero() {
			continue
		}
		if l.spared(now) && !l.covered {
			l.deadline = later(l.deadline, l.grace)
		}
		p := l.proof.Contact()
		again := l.covered && !p.After(l.graced)
		if w.hindered(now, s, l.deadline) && (w.covering || !again) {
			l.grace, l.graced, l.covered = now.Add(graceFor), later(p, w.sight.past.since), true
		}
	}
}

// unforgive ends the grace for a blindness: the stream has another limit, which is judged on what is in hand.
func (s *stream) unforgive() {
	for _, l := range s.links {
		if l.covered {
			l.grace = time.Time{}
		}
	}
}

// hindered tells whether a blindness that ends now hid what the looks before the deadline would have shown.
func (w *Watch) hindered(now time.Time, s *stream, deadline time.Time) bool {
	if !deadline.After(now) {
		return true
	}
	for _, ahead := range []time.Duration{firstLook, secondLook} {
		if at := deadline.Add(-ahead - w.ahead(s.kin)); at.Before(now) && s.seen.Before(at) {
			return true
		}
	}
	return false
}

// await notes, from a verdict on silence, when that opens an incident on the links that it is about; and for which of them the
// connection's incident stays. At is when a hold on it is over, open tells whether they have their own.
func (w *Watch) await(now time.Time, links []*link, v *Verdict, at time.Time, open bool) {
	if v.Due.After(now) {
		at = earlier(at, v.Due)
	}
	for _, l := range links {
		l.judged = true
		was, before := l.uncovered, l.deadline
		switch starting := v.Reason == ReasonStarting && l.covered; {
		case starting && !l.deadline.IsZero() && v.Since.Before(l.first): // a first proof may be older than the link
			l.deadline = earlier(l.deadline, v.overdue().Add(w.opt.Holds[v.Rule]))
		case !starting && (v.Reason != ReasonBlind || !at.IsZero()):
			l.deadline = at
		}
		owed := l.covered && l.spared(now)
		ahead := owed && !l.deadline.IsZero() && !l.deadline.After(l.grace)
		l.uncovered = !open && (v.Reason == ReasonBlind || v.Reason == ReasonStarting || ahead)
		if owed && l.uncovered && !w.covering && !(was && l.deadline.Equal(before)) {
			w.connectionDue = earlier(w.connectionDue, l.deadline)
		}
	}
}

// deadline is the earliest one among the stream's links; or among those for which the connection's incident is to be open from
// then on although it sees again. Zero: there is none.
func (s *stream) deadline(blind bool) (deadline time.Time) {
	for _, l := range s.links {
		if blind || l.covered && l.uncovered {
			deadline = earlier(deadline, l.deadline)
		}
	}
	return deadline
}
