package outbox

import (
	"cmp"
	"maps"
	"slices"

	"mirrorwatch/pipeline"
)

// content is what is to be committed, coalesced: the newest of each record and batch, every change and attempt.
type content struct {
	streams  map[pipeline.StreamKey]pipeline.StreamRecord
	gone     map[pipeline.StreamKey]bool
	changes  []pipeline.Change
	batches  map[pipeline.BatchID]pipeline.Batch
	merged   map[pipeline.BatchID]bool
	done     map[pipeline.BatchID]bool
	receipts map[pipeline.BatchID]pipeline.ReceiptRecord // by receiver and group
	attempts []pipeline.Attempt
}

func newContent() content {
	return content{
		streams: map[pipeline.StreamKey]pipeline.StreamRecord{}, gone: map[pipeline.StreamKey]bool{},
		batches: map[pipeline.BatchID]pipeline.Batch{}, merged: map[pipeline.BatchID]bool{}, done: map[pipeline.BatchID]bool{},
		receipts: map[pipeline.BatchID]pipeline.ReceiptRecord{},
	}
}

func (x *content) empty() bool {
	return len(x.streams)+len(x.gone)+len(x.changes)+len(x.batches)+len(x.merged)+len(x.done)+len(x.receipts)+
		len(x.attempts) == 0
}

// add puts c over what is there.
func (x *content) add(c pipeline.Commit) {
	for _, r := range c.Streams {
		x.streams[r.Key] = r
		delete(x.gone, r.Key)
	}
	for _, k := range c.Gone {
		x.gone[k] = true
		delete(x.streams, k)
	}
	x.changes = append(x.changes, c.Changes...)
	for _, b := range c.Batches {
		x.batches[b.BatchID] = b
	}
	for _, id := range c.Merged {
		x.merged[id] = true
		delete(x.batches, id)
	}
	for _, id := range c.Done {
		x.done[id] = true
		delete(x.batches, id)
	}
	for _, r := range c.Receipts {
		x.receipts[pipeline.BatchID{Receiver: r.Receiver, Key: r.Group}] = r
	}
	x.attempts = append(x.attempts, c.Attempts...)
}

// commit returns the content in an order that does not depend on chance.
func (x *content) commit() pipeline.Commit {
	return pipeline.Commit{
		Streams: slices.SortedFunc(maps.Values(x.streams), func(a, b pipeline.StreamRecord) int { return compareKeys(a.Key, b.Key) }),
		Gone:    slices.SortedFunc(maps.Keys(x.gone), compareKeys),
		Changes: x.changes,
		Batches: slices.SortedFunc(maps.Values(x.batches), func(a, b pipeline.Batch) int {
			return cmp.Or(cmp.Compare(a.Order, b.Order), compareIDs(a.BatchID, b.BatchID))
		}),
		Merged: slices.SortedFunc(maps.Keys(x.merged), compareIDs),
		Done:   slices.SortedFunc(maps.Keys(x.done), compareIDs),
		Receipts: slices.SortedFunc(maps.Values(x.receipts), func(a, b pipeline.ReceiptRecord) int {
			return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Group, b.Group))
		}),
		Attempts: x.attempts,
	}
}

func compareKeys(a, b pipeline.StreamKey) int {
	return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account),
		cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Stream, b.Stream))
}

func compareIDs(a, b pipeline.BatchID) int {
	return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Key, b.Key))
}
