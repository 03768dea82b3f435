package pipeline

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// This file holds how a Watch asks, and takes answers in.

// ask makes a question, and notes that it was asked.
func (w *Watch) ask(now time.Time, scope []*stream) Question {
	w.lastID++
	l := &look{began: now}
	q := Question{ID: w.lastID}
	if scope == nil {
		w.round++
		l.round = w.round
		w.sight.asked(now)
	} else {
		l.scope = make(map[StreamKey]bool, len(scope))
		for _, s := range scope {
			q.Scope = append(q.Scope, s.key)
			l.scope[s.key] = s.silent()
			w.count(s.silent(), 1)
			s.asking++
			s.asked = now
			if !s.silent() { // that a silent stream stays silent says nothing of the connection
				w.sight.asked(now)
			}
		}
	}
	w.looks[q.ID] = l
	return q
}

func (w *Watch) count(silent bool, n int) {
	if silent {
		w.silent += n
	} else {
		w.asking += n
	}
}

// Observe takes in one sample of the look that question id began.
func (w *Watch) Observe(now time.Time, id uint64, sample *Sample) {
	defer w.settle()
	w.awake(now)
	l := w.looks[id]
	if l != nil {
		l.listed++
		w.answered(l, sample.Key)
	}
	switch {
	case sample.Fault.Answered():
		if l != nil {
			w.timed(sample.At.Sub(sample.Asked), l.scope != nil)
		}
		w.answer(now)
	case sample.Fault.Kind == FaultDisconnected:
		w.disconnected(now, sample.Fault.String())
	default:
		w.sight.unanswered(sample.Fault.String())
	}
	s := w.shelf.seek(sample.Key)
	if l != nil && l.scope == nil && w.pass(now, s, sample) {
		w.tells(l, s)
		w.hasten(now, false)
		return
	}
	if s != nil {
		w.catchUpOn(now, w.shelf.open(s))
	}
	refused := sample.Fault.Kind == FaultDenied && l != nil && l.scope != nil
	if refused && w.rounds.running == 0 {
		w.sight.refused(l.began)
	}
	switch {
	case sample.Fault.Kind == FaultNone:
		w.observeClock(sample)
		w.observeWhole(now, s, sample)
	case refused && s != nil && s.whole != nil: // rounds see it
		w.plan(now, s)
	default:
		w.observeFault(now, s, sample)
	}
	if s == nil { // it may be new
		s = w.stream(sample.Key)
	}
	if s != nil && !s.over && l != nil && l.scope == nil {
		w.tells(l, s)
	}
	w.hasten(now, l != nil && l.scope != nil) // others wait for its place
}

// answered notes that a look at single streams has its answer for one of them.
func (w *Watch) answered(l *look, key StreamKey) {
	silent, ok := l.scope[key]
	if !ok {
		return
	}
	delete(l.scope, key)
	w.count(silent, -1)
	if s := w.stream(key); s != nil && s.asking > 0 { // a stream that came back is not the one that was asked about
		s.asking--
	}
}

// tells notes that a round told of a stream.
func (w *Watch) tells(l *look, s *stream) { w.listed[s.number] = max(w.listed[s.number], l.round) }

// Done notes that the look that question id began is over; err says how it fell short. Streams in its scope that it
// told nothing of count as not answering; known streams that a whole round did not tell of are asked about one by one.
func (w *Watch) Done(now time.Time, id uint64, err error) {
	defer w.settle()
	w.awake(now)
	l := w.looks[id]
	if l == nil {
		return
	}
	delete(w.looks, id)
	defer w.hasten(now, true)
	switch {
	case errors.Is(err, ErrDisconnected):
		w.disconnected(now, err.Error())
	case errors.Is(err, ErrNoAnswer), errors.Is(err, ErrDenied):
		w.sight.unanswered(err.Error())
	case l.scope == nil: // its end without an error, or with an API's error, is an answer
		w.answer(now)
	}
	if l.scope == nil {
		w.roundEnded(now, l, err)
		return
	}
	for _, key := range slices.SortedFunc(maps.Keys(l.scope), compareKeys) {
		fault := Fault{Kind: FaultNoAnswer, Text: "the look ended without it"}
		if err != nil {
			fault.Text = err.Error()
		}
		w.answered(l, key)
		w.observeFault(now, w.stream(key), &Sample{Key: key, Asked: l.began, At: now, Fault: fault})
	}
}
