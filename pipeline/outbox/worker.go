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
}

func newWorker(r pipeline.Receiver, log *slog.Logger) *worker {
	return &worker{
		Receiver: r, log: log, wake: make(chan struct{}, 1),
		receipts: map[string]pipeline.Receipt{}, stats: pipeline.ReceiverStats{Receiver: r.Name},
	}
}

// resume takes up a row of an earlier run, with the pause that its failures asked for.
func (w *worker) resume(b pipeline.Batch) {
	w.queue.add(b)
	if failures := b.Attempts - b.Refused; failures > 0 && !b.NextTry.IsZero() {
		w.pause.resume(failures, b.NextTry)
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
		for i := range b.Changes {
			urgent = urgent || b.Changes[i].Kind.Pings() && b.Changes[i].Incident.Level == pipeline.Critical
		}
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
	return w.queue.next(now)
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
		w.stats.Error = ""
		w.pause = pause{}
		return w.done(b, receipt, a)
	}
	a.Error = err.Error()
	if w.stats.Error == "" {
		w.log.Warn("delivery failed", "batch", b.Key, "error", err)
	}
	w.stats.Error, b.LastError = a.Error, a.Error
	if !pipeline.IsPermanent(err) {
		a.Outcome = pipeline.OutcomeRetry
		w.stats.Retried++
		w.pause.fail(now, pipeline.RetryDelay(err))
		b.NextTry = w.pause.until
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
	b.NextTry = now.Add(wait)
	return pipeline.Commit{Batches: []pipeline.Batch{*b}, Attempts: []pipeline.Attempt{a}}
}

// done takes b out of the queue. Its group's receipt lives as long as the group's incident.
func (w *worker) done(b *pipeline.Batch, receipt pipeline.Receipt, a pipeline.Attempt) pipeline.Commit {
	w.queue.remove(b)
	c := pipeline.Commit{Done: []pipeline.BatchID{b.BatchID}, Attempts: []pipeline.Attempt{a}}
	record := pipeline.ReceiptRecord{Receiver: w.Name, Group: b.Group}
	switch {
	case !single(b): // no other batch is of this group
	case ended(b):
		if w.receipts[b.Group] != nil {
			delete(w.receipts, b.Group)
			c.Receipts = []pipeline.ReceiptRecord{record}
		}
	case len(receipt) > 0:
		w.receipts[b.Group] = receipt
		record.Receipt = receipt
		c.Receipts = []pipeline.ReceiptRecord{record}
	}
	return c
}

func (w *worker) snapshot() pipeline.ReceiverStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Pending = len(w.queue.rows)
	for _, b := range w.queue.rows {
		if s.Oldest.IsZero() || b.Made.Before(s.Oldest) {
			s.Oldest = b.Made
		}
	}
	return s
}
