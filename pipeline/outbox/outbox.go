// Package outbox takes what rings decide to where it must be: into the journal, in groups, and then to every receiver
// until each has it. It imports the standard library and pipeline only.
package outbox

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mirrorwatch/pipeline"
)

// Outbox holds the batches on their way to receivers, one worker a receiver, so that a slow one delays no other. A
// Committer runs it.
//
// Every committed change reaches every receiver that it is routed to at least once, under a key that stays the same from
// the first attempt on, over retries and restarts, or is visibly given up on or withheld. The changes of one incident arrive
// in order, and those of one group in one batch where they wait together.
type Outbox struct {
	log   *slog.Logger
	gate  *gate
	order atomic.Uint64 // of the newest row
	save  saver

	mu         sync.Mutex
	workers    []*worker // in the order of the configuration
	routes     pipeline.Routes
	everybody  pipeline.Route // that what would reach nobody goes by
	fallback   string
	toFallback pipeline.Route
	start      func(*worker) // nil: the outbox is not running
	leftover   pipeline.Commit
}

// New returns an outbox that goes on from state.
func New(d Dispatch, state pipeline.State, log *slog.Logger) *Outbox {
	o := &Outbox{log: log, gate: &gate{all: pipeline.Silences{Added: state.Silences, Windows: d.Windows}}}
	for _, b := range state.Outbox {
		o.order.Store(max(o.order.Load(), b.Order))
	}
	now, was := time.Now(), memories(state)
	open := make(map[string]*pipeline.Incident, len(state.Incidents))
	for n := range state.Incidents {
		open[state.Incidents[n].ID] = &state.Incidents[n]
	}
	o.configure(d)
	o.eachReceiver(d, func(r pipeline.Receiver, direct bool) {
		w := newWorker(r.Name, o.gate, &o.order, log)
		w.configure(r, direct, d)
		if m := was[r.Name]; m != nil {
			delete(was, r.Name)
			w.resume(m, open, o.timings(direct), now)
		}
		o.workers = append(o.workers, w)
	})
	for name, m := range was {
		o.orphan(name, m, now)
	}
	return o
}

// attach gives the outbox its way to the journal.
func (o *Outbox) attach(save saver) {
	o.save = save
	for _, w := range o.workers {
		w.save = save
		w.flushIf()
	}
	if !vacant(o.leftover) {
		save(o.leftover)
	}
	o.leftover = pipeline.Commit{}
}

// configure takes over what d says, but for the workers.
func (o *Outbox) configure(d Dispatch) {
	o.everybody = defaultRoute(d.Receivers)
	o.routes = d.Routes
	if len(o.routes) == 0 {
		o.routes = pipeline.Routes{o.everybody}
	}
	o.fallback, o.toFallback = d.Fallback, defaultRoute([]pipeline.Receiver{{Name: d.Fallback}})
}

func (w *worker) configure(r pipeline.Receiver, direct bool, d Dispatch) {
	w.Receiver, w.direct, w.keepFor = r, direct, d.KeepFor
	if w.keepFor <= 0 {
		w.keepFor = defaultKeepFor
	}
}

// eachReceiver goes over the receivers; of two with one name the first one counts.
func (o *Outbox) eachReceiver(d Dispatch, do func(r pipeline.Receiver, direct bool)) {
	known := map[string]bool{}
	for n, list := range [][]pipeline.Receiver{d.Receivers, d.Direct} {
		for _, r := range list {
			if !known[r.Name] {
				known[r.Name] = true
				do(r, n == 1)
			}
		}
	}
}

// timing is that of a route; of one that is not known, the default.
func (o *Outbox) timing(route string) timing {
	for n := range o.routes {
		if o.routes[n].Name == route {
			return timingOf(&o.routes[n])
		}
	}
	return timingOf(&o.everybody)
}

// timings is the timing of routes for a receiver.
func (o *Outbox) timings(direct bool) func(route string) timing {
	if direct {
		return func(string) timing { return timing{} }
	}
	return o.timing
}

// Stats tells what became of each receiver's batches, in the order of the configuration. It may be called at any time.
func (o *Outbox) Stats() []pipeline.ReceiverStats {
	now := time.Now()
	workers := o.all()
	all := make([]pipeline.ReceiverStats, 0, len(workers))
	for _, w := range workers {
		all = append(all, w.snapshot(now))
	}
	return all
}

func (o *Outbox) all() []*worker {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]*worker(nil), o.workers...)
}

// add hands rows that are committed to their workers.
func (o *Outbox) add(rows []*row) {
	byWorker := map[*worker][]*row{}
	for _, r := range rows {
		byWorker[r.to] = append(byWorker[r.to], r)
	}
	for w, own := range byWorker {
		w.add(own)
	}
}

// rouse has every worker look again at what it may do.
func (o *Outbox) rouse() {
	for _, w := range o.all() {
		w.rouse()
	}
}

// run works until each worker found nothing left that is due after drain was closed, or until ctx ended.
func (o *Outbox) run(ctx context.Context, drain <-chan struct{}) {
	var all sync.WaitGroup
	start := func(w *worker) { all.Go(func() { w.run(ctx, drain) }) }
	o.mu.Lock()
	o.start = start
	for _, w := range o.workers {
		start(w)
	}
	o.mu.Unlock()
	select { // an outbox without receivers works as long as any other
	case <-drain:
	case <-ctx.Done():
	}
	o.mu.Lock()
	o.start = nil
	o.mu.Unlock()
	all.Wait()
}
