package pipeline

import "time"

// This file holds when a Watch has something to do.

// Next is when Turn has something to do, as things stand.
func (w *Watch) Next() time.Time { return w.promised }

func (w *Watch) next(now time.Time) time.Time {
	next := w.due()
	if next.IsZero() || next.Before(now) {
		return now.Add(w.opt.Interval)
	}
	return next
}

// due is when something is to be done; zero: never, as things stand.
func (w *Watch) due() time.Time {
	due := earlier(w.rounds.wake(), w.wakes.next())
	due = earlier(due, w.sight.wake())
	due = earlier(due, w.connectionDue)
	due = earlier(due, w.pages.due)
	due = earlier(due, w.starved)
	due = earlier(due, w.routesDue)
	due = earlier(due, w.viewsDue())
	if !w.sight.blind {
		due = earlier(due, w.origins.wake())
	}
	return due
}

// hasten brings Next forward to now, or to when something is due by what was taken in.
func (w *Watch) hasten(now time.Time, atOnce bool) {
	if !w.promised.After(now) { // it is due already, or was never promised
		return
	}
	if atOnce || len(w.changes) > 0 || len(w.gone) > 0 || w.held && w.uncovered == 0 {
		w.promised = now
	} else if due := w.due(); !due.IsZero() && due.Before(w.promised) {
		w.promised = later(due, now)
	}
}
