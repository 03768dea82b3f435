package pipeline

import (
	"maps"
	"slices"
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
		maps.DeleteFunc(w.plain, func(_ StreamKey, round uint64) bool { return round < l.round })
	}
	maps.DeleteFunc(w.ended, func(_ StreamKey, at time.Time) bool { return now.Sub(at) > endedFor })
	w.demand, w.demanding, w.unseen = 0, 0, 0
	var missed, open []*stream
	for _, s := range w.streams {
		if s.whole == nil && len(s.links) == 0 {
			w.unseen++
		}
		if d := w.demandOf(s); d > 0 {
			w.demand += d
			w.demanding++
		}
		if err == nil && s.listed < l.round && s.asking == 0 && s.asked.Before(l.began) {
			missed = append(missed, s)
		}
		if err != nil && s.listed < l.round && w.tracker.Has(s.key) {
			open = append(open, s)
		}
	}
	slices.SortFunc(missed, func(a, b *stream) int { return compareKeys(a.key, b.key) })
	for _, s := range missed { // not listed is not gone: it is asked about
		s.missed = now
		w.plan(now, s)
	}
	slices.SortFunc(open, func(a, b *stream) int { return compareKeys(a.key, b.key) })
	for _, s := range open { // its incident may end although rounds do not tell of it
		w.plan(now, s)
	}
	w.connectionDue = now
	if w.opt.Board != nil {
		w.opt.Board.PutConnection(w.status())
	}
}
