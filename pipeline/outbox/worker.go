package outbox

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mirrorwatch/pipeline"
)

// lookAgain is how long a worker sleeps at most: what is due goes by the wall clock, which a suspended machine or a correction moves
// and a timer does not heed.
const lookAgain = 30 * time.Second

// saver hands in what is to be journaled. The channel tells once whether it is on disk.
type saver func(pipeline.Commit) <-chan error

// worker delivers what one receiver is to be told. Its run is the only goroutine that talks to the receiver.
type worker struct {
	log   *slog.Logger
	gate  *gate
	order *atomic.Uint64 // of the newest row of all receivers
	wake  chan struct{}

	mu sync.Mutex
	pipeline.Receiver
	direct   bool
	keepFor  time.Duration
	save     saver
	groups   map[string]*group  // by id
	byIndex  map[string]*group  // by route and labels
	members  map[string]*member // by incident
	queue    queue
	pause    pause
	stats    pipeline.ReceiverStats
	trouble  trouble
	refresh  refresh
	unsaved  pipeline.Commit // what was planned and is not handed in yet
	silences int             // the version of the silences that is heeded
	draining bool
	parkedAt time.Time // when a batch was newest passed by
	gone     bool      // it is no longer configured
}

func newWorker(name string, gate *gate, order *atomic.Uint64, log *slog.Logger) *worker {
	return &worker{
		log: log.With("receiver", name), gate: gate, order: order, wake: make(chan struct{}, 1),
		groups: map[string]*group{}, byIndex: map[string]*group{}, members: map[string]*member{},
		queue: newQueue(), stats: pipeline.ReceiverStats{Receiver: name},
	}
}

// add takes rows that were drafted for the receiver, once they are committed.
func (w *worker) add(rows []*row) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		w.save(abandoned(rows, time.Now()))
		return
	}
	now, page := time.Now(), false
	for _, r := range rows {
		g := w.groups[r.Group]
		g.reserved--
		g.take(r)
		w.queue.put(g, now, w.draining)
		page = page || anyPage(r.changes)
	}
	if page {
		w.pause.shorten()
		w.refresh.yield()
	}
	w.rouse()
}

func (w *worker) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) run(ctx context.Context, drain <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		do, due := w.next(time.Now())
		if do != nil {
			do(ctx)
			continue
		}
		if w.ended() {
			return
		}
		var expired <-chan time.Time
		if !due.IsZero() {
			timer.Reset(min(time.Until(due), lookAgain))
			expired = timer.C
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-expired:
		case <-drain:
			drain = nil
			w.hurry()
		}
	}
}

// ended tells whether run has nothing more to do.
func (w *worker) ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone || w.draining
}

// hurry lets what waits for others to come go at once: the agent ends.
func (w *worker) hurry() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.draining = true
	now := time.Now()
	for _, g := range w.groups {
		w.queue.put(g, now, true)
	}
}

// next returns what to do now, or when to ask again (zero: when woken).
func (w *worker) next(now time.Time) (do func(context.Context), due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return nil, time.Time{}
	}
	due = w.heedSilences(now)
	w.ripen(now)
	open, refreshDue := w.refreshing(now)
	if open != nil && w.refresh.overdue(now) {
		return w.refresher(now, open), time.Time{}
	}
	if w.pause.until.After(now) {
		due = earlier(due, w.pause.until)
	} else {
		for g := w.queue.first(readyHeap); g != nil; g = w.queue.first(readyHeap) {
			if r := w.pick(g, now); r != nil {
				return w.begin(g, r, now), time.Time{}
			}
			w.flush() // that it is withheld
			w.settled(g, now)
		}
		due = earlier(due, w.queue.next())
	}
	if open != nil {
		return w.refresher(now, open), time.Time{}
	}
	return nil, earlier(due, refreshDue)
}

// ripen finds the place anew of groups in which something fell due.
func (w *worker) ripen(now time.Time) {
	for g := w.queue.first(timedHeap); g != nil && !g.place.at.After(now); g = w.queue.first(timedHeap) {
		w.queue.put(g, now, w.draining)
	}
}

// pick returns the batch of a group to attempt now; nil: what was due is withheld.
func (w *worker) pick(g *group, now time.Time) *row {
	if len(g.chain) > 0 && g.chain[0].Attempts > 0 {
		return g.chain[0]
	}
	due := g.due(w.draining)
	if len(g.chain) > 0 && !due.IsZero() {
		due = g.joinDue(w.draining)
	}
	remind := g.remindDue()
	switch {
	case !due.IsZero() && !due.After(now), len(g.chain) == 0 && !w.draining && !remind.IsZero() && !remind.After(now):
		if r := w.plan(g, now); r != nil {
			return r
		}
	case len(g.chain) > 0:
		return g.chain[0]
	}
	for _, r := range g.parked {
		if r.Refused == 0 || !r.NextTry.After(now) {
			return r
		}
	}
	return nil
}

func (w *worker) snapshot(now time.Time) pipeline.ReceiverStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Pending, s.Held, s.Oldest = w.queue.rows, w.queue.held, w.queue.oldest(now)
	return s
}

// settled finds the place of a group anew, or lets it go if nothing more is to come of it.
func (w *worker) settled(g *group, now time.Time) {
	if !g.idle() {
		w.queue.put(g, now, w.draining)
		return
	}
	w.queue.drop(g)
	delete(w.groups, g.id)
	if at := index(g.route, g.labels); w.byIndex[at] == g {
		delete(w.byIndex, at)
	}
}
