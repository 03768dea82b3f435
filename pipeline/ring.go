package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Submitter takes what a ring decided, to be committed and delivered. It never blocks for the disk or a receiver.
type Submitter interface {
	Submit(Kept)
}

// Ring walks one connection's Watch through real time: Run does what is due, and one goroutine a look waits for answers and lets the
// watch take them in. One at a time decides.
type Ring struct {
	source   Source
	submit   Submitter
	observer Observer
	log      *slog.Logger
	name     string
	told     bool // whether anything is watched
	watching bool
	promised atomic.Int64  // unix nanoseconds: when the ring next turns at the latest; 0: it does not turn
	sooner   chan struct{} // holds one: Run is to turn before the time for which it waits

	mu    sync.Mutex // of whoever decides
	watch *Watch
	last  time.Time // when somebody did last
	next  time.Time // when Run is to turn
}

// A ring turns every turnEvery at least, whatever is due, and has stalled when it is later than that by stalledAfter.
const (
	turnEvery    = 30 * time.Second
	stalledAfter = 10 * time.Second
)

// NewRing returns a ring that asks source. Observer may be nil.
func NewRing(name string, watch *Watch, source Source, submit Submitter, observer Observer, log *slog.Logger) *Ring {
	if observer == nil {
		observer = unobserved{}
	}
	_, origins := source.(OriginSource)
	_, routes := source.(RouteSource)
	watch.able(origins, routes)
	if teller, ok := source.(Teller); ok {
		watch.way = teller.Way
	}
	if err := watch.pages.unread; err != nil {
		log.Warn("some proofs cannot be read: links go on from older ones", "connection", name, "error", err)
	}
	return &Ring{
		source: source, submit: submit, observer: observer, log: log, name: name,
		sooner: make(chan struct{}, 1), watch: watch,
	}
}

// Name is the connection's name.
func (r *Ring) Name() string { return r.name }

// Turning tells whether the ring does its work in time.
func (r *Ring) Turning(now time.Time) bool {
	promised := r.promised.Load()
	return promised != 0 && now.UnixNano() < promised+int64(stalledAfter)
}

// slept is how much longer it was by the wall clock than by the process's own, which stands still while a machine is
// suspended.
func slept(last, now time.Time) time.Duration {
	return now.Round(0).Sub(last.Round(0)) - now.Sub(last)
}

// State is Watch.State, for a ring that takes this one's place. It may be called before Run, and once Run has returned.
func (r *Ring) State() State { return r.watch.State() }

// Run turns the ring until ctx ends. It then stops its looks, waits for them, and submits what it knows. It is called once; the
// source may then go on with another ring.
func (r *Ring) Run(ctx context.Context) {
	looking, stop := context.WithCancel(ctx)
	var looks sync.WaitGroup
	var signals <-chan Signal
	if s, ok := r.source.(Signaler); ok {
		signals = s.Signals()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	r.last = time.Now()
	due := time.Time{} // for what the timer woke us; zero: something else did
	for ctx.Err() == nil {
		questions, next := r.turn(due)
		for _, q := range questions {
			looks.Go(func() { r.ask(looking, q) })
		}
		timer.Reset(time.Until(next))
		due = time.Time{}
		select {
		case <-ctx.Done():
		case <-r.sooner:
		case <-timer.C:
			due = next
		case signal := <-signals:
			r.decide(looking, func(now time.Time) { r.watch.Signal(now, signal) })
		}
	}
	r.promised.Store(0)
	stop()
	looks.Wait()
	r.flush(r.watch.Drain(true))
}

// turn lets the watch do what is due, and hands on what it decided. It returns what is to be asked, and when to turn again.
func (r *Ring) turn(due time.Time) (questions []Question, next time.Time) {
	r.mu.Lock()
	now := r.now()
	questions = r.watch.Turn(now)
	kept := r.watch.Drain(false)
	links, seen := r.watch.watching()
	next = r.watch.Next()
	if most := now.Add(turnEvery); next.After(most) {
		next = most
	}
	r.next = next
	proofs := 0
	if !due.IsZero() {
		proofs = r.watch.proofs()
	}
	r.mu.Unlock()
	r.promised.Store(next.UnixNano())
	r.flush(kept)
	r.tellLinks(links, seen)
	if !due.IsZero() {
		r.observer.Turned(r.name, max(0, now.Sub(due)), proofs)
	}
	return questions, next
}

// decide lets the watch take something in, unless looking has ended: nobody decides any more then. Run turns where that brought
// something forward.
func (r *Ring) decide(looking context.Context, take func(now time.Time)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if looking.Err() != nil {
		return
	}
	take(r.now())
	if next := r.watch.Next(); next.Before(r.next) {
		r.next = next
		select {
		case r.sooner <- struct{}{}:
		default: // it is on its way
		}
	}
}

// now is the time, of which the watch is told how much passed while the process's own clock stood still.
func (r *Ring) now() time.Time {
	now := time.Now()
	r.watch.Slept(now, slept(r.last, now))
	r.last = now
	return now
}

func (r *Ring) flush(kept Kept) {
	if kept.empty() {
		return
	}
	for i := range kept.Changes {
		LogChange(r.log, &kept.Changes[i])
	}
	r.submit.Submit(kept)
}
