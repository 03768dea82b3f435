package pipeline

import "time"

// How origins are asked about: more gently than streams, and once each for all the links that share one.
const (
	originEvery  = 10 * time.Second       // or longer, where there are many
	originAgain  = 2 * time.Second        // at the soonest, whatever happens
	originRarely = 5 * time.Minute        // at most, where nobody answers, and where the user may not ask
	originShare  = 5                      // one part in this many of the looks that may be made in a second
	originBurst  = 100 * time.Millisecond // those due within it are asked about together: a question alone costs its client four times as much
	originsAsked = 16                     // at one time, of those that answered last time
	originsMute  = 8                      // and of the others
	freshFor     = 20 * time.Second       // what is known of an origin counts as fresh
)

// origins are the origins of a connection's links.
type origins struct {
	on     bool                         // there is somebody to ask
	shared map[*origin]map[*stream]bool // the streams of those that have several
	places map[OriginKey]*originPlace
	queue  [2]agenda // those to ask about, by silent
	asking [2]int    // questions under way, about origins that answered last time and about others
	budget budget
	ready  time.Time // when the next burst may begin
}

// join counts a stream's link among those of its origin.
func (w *Watch) join(now time.Time, s *stream, l *link) {
	if !w.origins.on || l.origin != nil {
		return
	}
	o := w.shelf.findOrigin(l.subject.OriginKey())
	if o == nil {
		o = w.shelf.addOrigin(origin{place: w.origins.place(l.subject.OriginKey()), name: l.subject.Origin})
		w.origins.queueOf(o).set(o.number, now)
	}
	w.shelf.openOrigin(o)
	w.origins.link(o, s)
	l.origin = o
	switch {
	case o.told == nil:
	case l.sample.Partial(): // what the origin takes in is not kept
		w.hurry(now, o)
	default:
		l.progress.ObserveOrigin(o.told)
	}
}

// leave takes a link out; an origin without links is forgotten.
func (w *Watch) leave(s *stream, l *link) {
	o := l.origin
	if o == nil {
		return
	}
	l.origin = nil
	for _, other := range s.links {
		if other.origin == o {
			return
		}
	}
	if o.over || w.origins.unlink(o, s) > 0 { // over: another link of the stream was taken out just now
		return
	}
	w.origins.queueOf(o).remove(o.number)
	w.shelf.removeOrigin(o)
	w.origins.leave(o.place)
}

// hurry wants an origin, which is open, to be asked about at once.
func (w *Watch) hurry(now time.Time, o *origin) {
	if o == nil || o.asking {
		return
	}
	queue := w.origins.queueOf(o)
	if due := later(now, o.asked.Add(originAgain+originBurst)); due.Before(queue.at(o.number)) { // a burst may be that early
		queue.set(o.number, due)
	}
}

// turnOrigins returns the origins to ask about now: a burst of those that are due, or nearly.
func (w *Watch) turnOrigins(now time.Time) (scope []*origin) {
	q := &w.origins
	if w.sight.blind || !q.on || now.Before(q.wake()) {
		return nil
	}
	for {
		by := now.Add(originBurst)
		queue := q.next(by)
		if queue == nil {
			break
		}
		ready, ok := q.budget.take(now)
		if !ok {
			q.ready = ready
			break
		}
		n, _ := queue.pop(by)
		o := w.shelf.originAt(n)
		o.asking, o.asked, o.changed = true, now, true
		q.asking[o.silent()]++
		scope = append(scope, o)
	}
	if len(scope) > 0 {
		q.ready = later(q.ready, now.Add(q.apart()))
	}
	return scope
}

// apart is how far apart bursts begin: less than originBurst where the budget is for more.
func (q *origins) apart() time.Duration {
	return min(originBurst, time.Duration(originsAsked/q.budget.perSec*float64(time.Second)))
}

// next is the queue whose first origin is due by a time, before those of others, and has a place; nil: there is none.
func (q *origins) next(by time.Time) (next *agenda) {
	for silent := range q.queue {
		queue := &q.queue[silent]
		due := queue.next()
		if due.IsZero() || due.After(by) || q.full(silent) {
			continue
		}
		if next == nil || due.Before(next.next()) {
			next = queue
		}
	}
	return next
}

// full tells whether as many are asked about as may be at one time.
func (q *origins) full(silent int) bool {
	return q.asking[silent] >= [...]int{originsAsked, originsMute}[silent]
}

// wake is when an origin is next to be asked about; zero: only after an answer.
func (q *origins) wake() (wake time.Time) {
	for silent := range q.queue {
		if due := q.queue[silent].next(); !due.IsZero() && !q.full(silent) {
			wake = earlier(wake, later(due, q.ready))
		}
	}
	return wake
}

// queueOf is where an origin waits for its next question.
func (q *origins) queueOf(o *origin) *agenda { return &q.queue[o.silent()] }

// ObserveOrigin takes in the view that question id brought.
func (w *Watch) ObserveOrigin(now time.Time, id uint64, v *OriginView) {
	defer w.settle()
	w.awake(now)
	o := w.askedOrigins[id]
	if o == nil {
		return
	}
	delete(w.askedOrigins, id)
	w.origins.asking[o.silent()]--
	if !w.postpone(now, o, v) {
		w.takeView(now, o, v)
		w.concludeAll(now, 0)
	}
	w.hasten(now, false) // others may wait for its place
}

// originPeriod is how far apart questions about one origin are.
func (w *Watch) originPeriod() time.Duration {
	return max(originEvery, time.Duration(float64(w.shelf.origins.len())/w.origins.budget.perSec*float64(time.Second)))
}

// originPause is how long after a question about an origin the next one is due. While nobody answers it doubles. That the user may not
// ask is no different soon.
func (w *Watch) originPause(o *origin) time.Duration {
	period := w.originPeriod()
	switch o.unseen.Kind {
	case FaultDenied:
		return max(period, originRarely)
	case FaultNoAnswer, FaultNoResponders:
		return max(period, min(o.asked.Sub(o.unseenFor), originRarely))
	}
	return period
}

// fresh is how old what is known of a link's two ends may be for a verdict on a failover: older than it is while all is well.
func (w *Watch) fresh() time.Duration {
	period, _ := w.rounds.period()
	return max(freshFor, w.originPeriod()+period+pairApart)
}
