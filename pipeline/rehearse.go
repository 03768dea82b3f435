package pipeline

import (
	"container/heap"
	"fmt"
	"time"
)

// Rehearsal is what a Watch meets in virtual time: the streams that there are, and what a look at one of them at a
// given time finds, and how long that takes.
type Rehearsal struct {
	Streams []StreamKey
	At      func(key StreamKey, t time.Time) (Sample, time.Duration)
	// Origin tells what a look at an origin at a given time finds, and how long that takes; nil: nobody can look at origins. Exact is
	// Question.Exact; which message is the newest may be told all the same.
	Origin func(key OriginKey, exact bool, t time.Time) (OriginView, time.Duration)
	// Short is how a round that begins at t falls short beside what At tells; nil: none does.
	Short func(t time.Time) error
	// Keep is given all that is to be kept, as it comes; nil: nobody keeps it.
	Keep func(Kept)
	// Away tells of a pause of our own that begins at t, and how long it lasts; nil: there is none.
	Away func(t time.Time) time.Duration
}

// Run walks w from one time to another, and calls step with each time at which w did something and the changes that
// this made, in order. The same rehearsal gives the same changes.
func (r *Rehearsal) Run(w *Watch, from, to time.Time, step func(now time.Time, changes []Change)) {
	w.able(r.Origin != nil, false)
	now := from
	var pending arrivals
	n := 0
	push := func(a arrival) {
		n++
		a.n = n
		heap.Push(&pending, a)
	}
	for !now.After(to) {
		if r.Away != nil {
			now = now.Add(r.Away(now))
		}
		for len(pending) > 0 && !pending[0].at.After(now) {
			a := heap.Pop(&pending).(arrival)
			switch {
			case a.origin != nil:
				w.ObserveOrigin(now, a.question, a.origin)
			case a.sample != nil:
				w.Observe(now, a.question, a.sample)
			default:
				w.Done(now, a.question, a.err)
			}
		}
		var changes []Change
		if !now.Before(w.Next()) {
			for _, q := range w.Turn(now) {
				r.ask(now, q, push)
			}
			kept := w.Drain(false)
			if changes = kept.Changes; r.Keep != nil {
				r.Keep(kept)
			}
		}
		step(now, changes)
		next := w.Next()
		if len(pending) > 0 && pending[0].at.Before(next) {
			next = pending[0].at
		}
		now = later(now, next)
	}
}

// ask looks up the answers to a question and when each is there.
func (r *Rehearsal) ask(now time.Time, q Question, push func(arrival)) {
	if q.Origin != nil {
		view, delay := r.Origin(*q.Origin, q.Exact, now)
		push(arrival{at: now.Add(delay), question: q.ID, origin: &view})
		return
	}
	scope := q.Scope
	if scope == nil {
		scope = r.Streams
	}
	end, reached := now, len(scope) == 0
	for _, key := range scope {
		sample, delay := r.At(key, now)
		push(arrival{at: now.Add(delay), question: q.ID, sample: &sample})
		end = later(end, now.Add(delay))
		reached = reached || sample.Fault.Answered()
	}
	var err error
	if q.Scope == nil && r.Short != nil {
		err = r.Short(now)
	}
	if !reached {
		err = fmt.Errorf("look: %w", ErrNoAnswer)
	}
	push(arrival{at: end, question: q.ID, err: err})
}

// arrival is an answer on its way, or the end of a look where sample is nil.
type arrival struct {
	at       time.Time
	n        int // order of making, for arrivals at one time
	question uint64
	sample   *Sample
	origin   *OriginView
	err      error
}

type arrivals []arrival

func (a arrivals) Len() int { return len(a) }

func (a arrivals) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].n < a[j].n
}

func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

func (a *arrivals) Push(x any) { *a = append(*a, x.(arrival)) }

func (a *arrivals) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}
