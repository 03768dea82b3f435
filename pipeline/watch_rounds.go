package pipeline

import (
	"maps"
	"time"
)

// This file holds what a Watch learns from whole rounds: the clocks, the demand for looks, and who was not told of.

// observeClock notes by how much the answering server's clock differs from ours: it was read between question and answer.
func (w *Watch) observeClock(s *Sample) {
	w.clocked = true
	skew := max(0, s.ServerTime.Sub(s.At)) + min(0, s.ServerTime.Sub(s.Asked))
	if skew.Abs() > w.skewing.Abs() {
		w.skewing = skew
	}
}

func (w *Watch) roundEnded(now time.Time, l *look, err error) {
	w.rounds.ended(now, l.began)
	w.tracker.forget(now)
	if w.clocked {
		w.skew, w.skewing, w.clocked = w.skewing, 0, false
	}
	if err == nil {
		w.rounds.listed, w.roundAt, w.roundError = l.listed, now, ""
	} else {
		w.rounds.listed, w.roundError = max(w.rounds.listed, l.listed), err.Error()
	}
	if err == nil { // streams that are gone, and were never of interest
		maps.DeleteFunc(w.plain, func(_ uint64, round uint32) bool { return round < l.round })
	}
	maps.DeleteFunc(w.ended, func(_ StreamKey, at time.Time) bool { return now.Sub(at) > endedFor })
	w.demand, w.demanding, w.unseen = 0, 0, 0
	for n, s := range w.shelf.all() {
		if s.unseen {
			w.unseen++
		}
		if d := w.demandOf(s.shared); d > 0 {
			w.demand += d
			w.demanding++
		}
		if w.listed[n] < l.round && (err == nil || w.tracker.Has(s.ident())) {
			w.unlisted(now, s, l, err)
		}
	}
	w.connectionDue = now
	if w.opt.Board != nil {
		w.opt.Board.PutConnection(w.status())
	}
}

// unlisted plans for a stream that a round did not tell of.
func (w *Watch) unlisted(now time.Time, s *stream, l *look, err error) {
	m := w.shelf.mark()
	defer w.shelf.settle(m)
	w.shelf.open(s)
	switch {
	case err == nil && s.asking == 0 && s.asked.Before(l.began): // not listed is not gone: it is asked about
		s.missed = now
		w.plan(now, s)
	case err != nil && w.tracker.Has(s.key): // its incident may end although rounds do not tell of it
		w.plan(now, s)
	}
}
