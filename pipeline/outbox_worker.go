package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// attemptTimeout ends an attempt that gets no answer.
const attemptTimeout = 30 * time.Second

// worker delivers what waits for one receiver. Its run is the only goroutine that takes rows out.
type worker struct {
	Receiver
	log  *slog.Logger
	wake chan struct{}

	mu       sync.Mutex
	queue    queue
	pause    pause
	receipts map[string]Receipt // by group
	stats    ReceiverStats
}

func newWorker(r Receiver, log *slog.Logger) *worker {
	return &worker{
		Receiver: r, log: log, wake: make(chan struct{}, 1),
		receipts: map[string]Receipt{}, stats: ReceiverStats{Receiver: r.Name},
	}
}

// resume takes up a row of an earlier run, with the pause that its failures asked for.
func (w *worker) resume(b Batch) {
	w.queue.add(b)
	if failures := b.Attempts - b.Refused; failures > 0 && !b.NextTry.IsZero() {
		w.pause.resume(failures, b.NextTry)
	}
}

func (w *worker) add(rows []Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	urgent := false
	for _, b := range rows {
		if b.Receiver != w.Name {
			continue
		}
		w.queue.add(b)
		for i := range b.Changes {
			urgent = urgent || b.Changes[i].Kind.Pings() && b.Changes[i].Incident.Level == Critical
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

func (w *worker) run(ctx context.Context, drain <-chan struct{}, save func(Commit) <-chan error) {
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
func (w *worker) next(now time.Time) (b *Batch, merged []BatchID, due time.Time) {
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
func (w *worker) deliver(ctx context.Context, b *Batch, merged []BatchID, save func(Commit) <-chan error) {
	w.mu.Lock()
	n := Notification{Key: b.Key, Group: b.Group, Changes: b.Changes, Body: b.Body, Receipt: w.receipts[b.Group]}
	w.mu.Unlock()
	var err error
	if n.Body == nil {
		if n.Body, err = w.render(n); err != nil {
			err = Permanent(err)
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
		case <-save(Commit{Batches: []Batch{frozen}, Merged: merged}):
		case <-ctx.Done(): // it is tried after the restart, under this key if it was written
			return
		}
	}
	var receipt Receipt
	if err == nil {
		receipt, err = w.notify(ctx, n)
	}
	save(w.settle(b, receipt, err, time.Now()))
}

func (w *worker) render(n Notification) (body []byte, err error) {
	defer recovered(&err)
	body, err = w.Notifier.Render(n)
	if err == nil && body == nil {
		body = []byte{}
	}
	return body, err
}

func (w *worker) notify(ctx context.Context, n Notification) (receipt Receipt, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	defer recovered(&err)
	return w.Notifier.Notify(ctx, n)
}

// recovered makes a notifier's panic a refusal: one broken message must not end the agent.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = Permanent(fmt.Errorf("notifier panicked: %v", p))
	}
}

// settle draws the consequences of an attempt and returns what is to be kept of them.
func (w *worker) settle(b *Batch, receipt Receipt, err error, now time.Time) Commit {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := Attempt{BatchID: b.BatchID, At: now, Number: b.Attempts}
	if err == nil {
		a.Outcome = OutcomeDelivered
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
	if !IsPermanent(err) {
		a.Outcome = OutcomeRetry
		w.stats.Retried++
		w.pause.fail(now, RetryDelay(err))
		b.NextTry = w.pause.until
		return Commit{Batches: []Batch{*b}, Attempts: []Attempt{a}}
	}
	w.pause = pause{} // it answered
	b.Refused++
	wait, more := slowRetry(b.Refused)
	if !more {
		a.Outcome = OutcomeGivenUp
		w.stats.GivenUp++
		w.log.Error("batch given up on", "batch", b.Key, "attempts", b.Attempts, "error", err)
		return w.done(b, nil, a)
	}
	a.Outcome = OutcomeRefused
	w.stats.Refused++
	b.NextTry = now.Add(wait)
	return Commit{Batches: []Batch{*b}, Attempts: []Attempt{a}}
}

// done takes b out of the queue. Its group's receipt lives as long as the group's incident.
func (w *worker) done(b *Batch, receipt Receipt, a Attempt) Commit {
	w.queue.remove(b)
	c := Commit{Done: []BatchID{b.BatchID}, Attempts: []Attempt{a}}
	record := ReceiptRecord{Receiver: w.Name, Group: b.Group}
	switch {
	case !single(b): // no other batch is of this group
	case ended(b):
		if w.receipts[b.Group] != nil {
			delete(w.receipts, b.Group)
			c.Receipts = []ReceiptRecord{record}
		}
	case len(receipt) > 0:
		w.receipts[b.Group] = receipt
		record.Receipt = receipt
		c.Receipts = []ReceiptRecord{record}
	}
	return c
}

func (w *worker) snapshot() ReceiverStats {
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
