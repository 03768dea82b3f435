package outbox

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// Outbox holds the batches on their way to receivers, one worker a receiver, so that a slow one delays no other. A
// Committer runs it.
//
// Every committed change reaches every receiver at least once, under a key that stays the same from the first attempt
// on, over retries and restarts, or is visibly given up on. The changes of one incident arrive in order.
type Outbox struct {
	log     *slog.Logger
	workers []*worker
	orphans []pipeline.Batch         // rows of receivers that are no longer configured
	strays  []pipeline.ReceiptRecord // their receipts
	order   uint64                   // of the newest row
}

// New returns an outbox that takes up the pending batches and the receipts of an earlier run.
func New(receivers []pipeline.Receiver, pending []pipeline.Batch, receipts []pipeline.ReceiptRecord, log *slog.Logger) *Outbox {
	o := &Outbox{log: log}
	byName := make(map[string]*worker, len(receivers))
	for _, r := range receivers {
		w := newWorker(r, log.With("receiver", r.Name))
		o.workers = append(o.workers, w)
		byName[r.Name] = w
	}
	pending = slices.Clone(pending)
	slices.SortStableFunc(pending, func(a, b pipeline.Batch) int { return cmp.Compare(a.Order, b.Order) })
	rows := map[*worker][]pipeline.Batch{}
	for _, b := range pending {
		o.order = max(o.order, b.Order)
		if w := byName[b.Receiver]; w != nil {
			rows[w] = append(rows[w], b)
		} else {
			o.orphans = append(o.orphans, b)
		}
	}
	for w, own := range rows {
		w.resume(own)
	}
	for _, r := range receipts {
		if w := byName[r.Receiver]; w != nil {
			w.receipts[r.Group] = r.Receipt
		} else {
			o.strays = append(o.strays, r)
		}
	}
	return o
}

// Stats tells what became of each receiver's batches, in the order of the configuration. It may be called at any time.
func (o *Outbox) Stats() []pipeline.ReceiverStats {
	all := make([]pipeline.ReceiverStats, 0, len(o.workers))
	for _, w := range o.workers {
		all = append(all, w.snapshot())
	}
	return all
}

// batches makes the rows of some changes: one for each receiver and incident.
func (o *Outbox) batches(changes []pipeline.Change, now time.Time) []pipeline.Batch {
	var incidents []string
	members := map[string][]pipeline.Change{}
	for _, c := range changes {
		id := c.Incident.ID
		if members[id] == nil {
			incidents = append(incidents, id)
		}
		members[id] = append(members[id], c)
	}
	rows := make([]pipeline.Batch, 0, len(incidents)*len(o.workers))
	for _, id := range incidents {
		key := batchKey(members[id])
		for _, w := range o.workers {
			o.order++
			rows = append(rows, pipeline.Batch{
				BatchID: pipeline.BatchID{Receiver: w.Name, Key: key},
				Order:   o.order, Group: id, Changes: members[id], Made: now,
			})
		}
	}
	return rows
}

// add hands rows to their workers.
func (o *Outbox) add(rows []pipeline.Batch) {
	for _, w := range o.workers {
		w.add(rows)
	}
}

// run works until each worker found nothing left that is due after drain was closed, or until ctx ended.
func (o *Outbox) run(ctx context.Context, drain <-chan struct{}, save func(pipeline.Commit) <-chan error) {
	if c, found := o.abandon(time.Now()); found {
		save(c)
	}
	var all sync.WaitGroup
	for _, w := range o.workers {
		all.Go(func() { w.run(ctx, drain, save) })
	}
	all.Go(func() { // an outbox without receivers works as long as any other
		select {
		case <-drain:
		case <-ctx.Done():
		}
	})
	all.Wait()
}

// abandon gives up on what waits for receivers that are no longer configured.
func (o *Outbox) abandon(now time.Time) (c pipeline.Commit, found bool) {
	count := map[string]int{}
	for _, b := range o.orphans {
		count[b.Receiver]++
		c.Done = append(c.Done, b.BatchID)
		c.Attempts = append(c.Attempts, pipeline.Attempt{
			BatchID: b.BatchID, At: now, Number: b.Attempts, Outcome: pipeline.OutcomeGivenUp, Error: "receiver is no longer configured",
		})
	}
	for _, r := range o.strays {
		c.Receipts = append(c.Receipts, pipeline.ReceiptRecord{Receiver: r.Receiver, Group: r.Group})
	}
	for name, n := range count {
		o.log.Warn("given up: receiver is no longer configured", "receiver", name, "batches", n)
	}
	found = len(o.orphans)+len(o.strays) > 0
	o.orphans, o.strays = nil, nil
	return c, found
}
