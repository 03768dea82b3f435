package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// attemptTimeout ends an attempt that gets no answer.
const attemptTimeout = 30 * time.Second

// worker delivers what waits for one receiver. Its run is the only goroutine that takes rows out.
type worker struct {
	pipeline.Receiver
	log  *slog.Logger
	wake chan struct{}

	mu       sync.Mutex
	queue    queue
	pause    pause
	receipts map[string]pipeline.Receipt // by group
	stats    pipeline.ReceiverStats
	trouble  trouble
}

func newWorker(r pipeline.Receiver, log *slog.Logger) *worker {
	return &worker{
		Receiver: r, log: log, wake: make(chan struct{}, 1),
		receipts: map[string]pipeline.Receipt{}, stats: pipeline.ReceiverStats{Receiver: r.Name},
	}
}

// resume takes up the rows of an earlier run, with the pause that their failures asked for. A page among them that was
// never attempted cuts the pause as a new one does.
func (w *worker) resume(rows []pipeline.Batch) {
	urgent := false
	for _, b := range rows {
		w.queue.add(b)
		urgent = urgent || b.Attempts == 0 && anyPage(&b)
		if !b.UrgentTry.IsZero() {
			w.pause.resume(b.Attempts-b.Refused, b.NextTry, b.UrgentTry)
		}
	}
	if urgent {
		w.pause.shorten()
	}
}

func (w *worker) add(rows []pipeline.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	urgent := false
	for _, b := range rows {
		if b.Receiver != w.Name {
			continue
		}
		w.queue.add(b)
		urgent = urgent || anyPage(&b)
	}
	if urgent {
		w.pause.shorten()
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) run(ctx context.Context, drain <-chan struct{}, save func(pipeline.Commit) <-chan error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	draining := false
	for ctx.Err() == nil {
		b, merged, due := w.next(time.Now())
		if b != nil {
			w.deliver(ctx, b, merged, save)
			continue
		}
		if draining {
			return
		}
		var expired <-chan time.Time
		if !due.IsZero() {
			timer.Reset(time.Until(due))
			expired = timer.C
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-expired:
		case <-drain:
			draining = true
		}
	}
}

// next returns the row to attempt now, or when to ask again (zero: when woken).
func (w *worker) next(now time.Time) (b *pipeline.Batch, merged []pipeline.BatchID, due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(w.queue.rows) == 0:
		return nil, nil, time.Time{}
	case w.pause.until.After(now):
		return nil, nil, w.pause.until
	}
	return w.queue.next(now, func(incident string) bool { return len(w.receipts[incident]) > 0 })
}

// deliver makes one attempt. Before the first, members, key and body are frozen in the journal; if that fails, the
// batch goes out all the same.
func (w *worker) deliver(ctx context.Context, b *pipeline.Batch, merged []pipeline.BatchID, save func(pipeline.Commit) <-chan error) {
	w.mu.Lock()
	n := pipeline.Notification{Key: b.Key, Group: b.Group, Changes: b.Changes, Body: b.Body, Receipt: w.receipts[b.Group]}
	w.mu.Unlock()
	var err error
	if n.Body == nil {
		if n.Body, err = w.render(n); err != nil {
			err = pipeline.Permanent(err)
		}
	}
	w.mu.Lock()
	first := b.Attempts == 0
	b.Attempts++
	b.Body = n.Body
	frozen := *b
	w.mu.Unlock()
	if first {
		select {
		// The error is dropped on purpose: a disk that fails delays no page. The batch then goes out from memory, and
		// the committer keeps it and tries to write it until it can.
		case <-save(pipeline.Commit{Batches: []pipeline.Batch{frozen}, Merged: merged}):
		case <-ctx.Done(): // it is tried after the restart, under this key if it was written
			return
		}
	}
	var receipt pipeline.Receipt
	if err == nil {
		receipt, err = w.notify(ctx, n)
	}
	save(w.settle(b, receipt, err, time.Now()))
}

func (w *worker) render(n pipeline.Notification) (body []byte, err error) {
	defer recovered(&err)
	body, err = w.Notifier.Render(n)
	if err == nil && body == nil {
		body = []byte{}
	}
	return body, err
}

func (w *worker) notify(ctx context.Context, n pipeline.Notification) (receipt pipeline.Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	defer recovered(&err)
	return w.Notifier.Notify(ctx, n)
}

// recovered makes a notifier's panic a refusal: one broken message must not end the agent.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = pipeline.Permanent(fmt.Errorf("notifier panicked: %v", p))
	}
}

// settle draws the consequences of an attempt and returns what is to be kept of them.
func (w *worker) settle(b *pipeline.Batch, receipt pipeline.Receipt, err error, now time.Time) pipeline.Commit {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := pipeline.Attempt{BatchID: b.BatchID, At: now, Number: b.Attempts}
	if err == nil {
		a.Outcome = pipeline.OutcomeDelivered
		w.stats.Delivered++
		if w.stats.Error != "" {
			w.log.Info("receiver accepts again", "batch", b.Key)
		}
		w.stats.Error, w.trouble = "", trouble{}
		w.pause = pause{}
		return w.done(b, receipt, a)
	}
	a.Error = err.Error()
	w.logFailure(b, err, now)
	w.stats.Error, b.LastError = a.Error, a.Error
	if !pipeline.IsPermanent(err) {
		a.Outcome = pipeline.OutcomeRetry
		w.stats.Retried++
		w.pause.fail(now, pipeline.RetryDelay(err))
		b.NextTry, b.UrgentTry = w.pause.until, w.pause.urgent
		return pipeline.Commit{Batches: []pipeline.Batch{*b}, Attempts: []pipeline.Attempt{a}}
	}
	w.pause = pause{} // it answered
	b.Refused++
	wait, more := slowRetry(b.Refused)
	if !more {
		a.Outcome = pipeline.OutcomeGivenUp
		w.stats.GivenUp++
		w.log.Error("batch given up on", "batch", b.Key, "attempts", b.Attempts, "error", err)
		return w.done(b, nil, a)
	}
	a.Outcome = pipeline.OutcomeRefused
	w.stats.Refused++
	b.NextTry, b.UrgentTry = now.Add(wait), time.Time{}
	return pipeline.Commit{Batches: []pipeline.Batch{*b}, Attempts: []pipeline.Attempt{a}}
}

// done takes b out of the queue. A receipt lives as long as its incident, also where a batch of many tells the end.
func (w *worker) done(b *pipeline.Batch, receipt pipeline.Receipt, a pipeline.Attempt) pipeline.Commit {
	w.queue.remove(b)
	c := pipeline.Commit{Done: []pipeline.BatchID{b.BatchID}, Attempts: []pipeline.Attempt{a}}
	if single(b) && len(receipt) > 0 && !b.Changes[len(b.Changes)-1].Kind.Ends() {
		w.receipts[b.Group] = receipt
		c.Receipts = []pipeline.ReceiptRecord{{Receiver: w.Name, Group: b.Group, Receipt: receipt}}
	}
	for i := range b.Changes {
		id := b.Changes[i].Incident.ID
		if b.Changes[i].Kind.Ends() && w.receipts[id] != nil {
			delete(w.receipts, id)
			c.Receipts = append(c.Receipts, pipeline.ReceiptRecord{Receiver: w.Name, Group: id})
		}
	}
	return c
}

func (w *worker) snapshot() pipeline.ReceiverStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Pending, s.Oldest = len(w.queue.rows), w.queue.oldest()
	return s
}
