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
	proofs   map[pageID]pipeline.ProofPage
	changes  []pipeline.Change
	batches  map[pipeline.BatchID]pipeline.Batch
	merged   map[pipeline.BatchID]bool
	done     map[pipeline.BatchID]bool
	groups   map[pipeline.BatchID]pipeline.GroupRecord // by receiver and group
	silences map[string]pipeline.Silence
	attempts []pipeline.Attempt
	events   []pipeline.Event
}

// pageID tells proof pages apart.
type pageID struct {
	connection string
	number     int
}

func newContent() content {
	return content{
		streams: map[pipeline.StreamKey]pipeline.StreamRecord{}, gone: map[pipeline.StreamKey]bool{},
		proofs:  map[pageID]pipeline.ProofPage{},
		batches: map[pipeline.BatchID]pipeline.Batch{}, merged: map[pipeline.BatchID]bool{}, done: map[pipeline.BatchID]bool{},
		groups: map[pipeline.BatchID]pipeline.GroupRecord{}, silences: map[string]pipeline.Silence{},
	}
}

func (x *content) empty() bool {
	return len(x.streams)+len(x.gone)+len(x.proofs)+len(x.changes)+len(x.batches)+len(x.merged)+len(x.done)+len(x.groups)+
		len(x.silences)+len(x.attempts)+len(x.events) == 0
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
	for _, p := range c.Proofs {
		x.proofs[pageID{p.Connection, p.Number}] = p
	}
	x.changes = append(x.changes, c.Changes...)
	for _, b := range c.Batches {
		x.batches[b.BatchID] = b
		delete(x.merged, b.BatchID)
	}
	for _, id := range c.Merged {
		x.merged[id] = true
		delete(x.batches, id)
	}
	for _, id := range c.Done {
		x.done[id] = true
		delete(x.batches, id)
	}
	for _, g := range c.Groups {
		x.groups[pipeline.BatchID{Receiver: g.Receiver, Key: g.Group}] = g
	}
	for _, s := range c.Silences {
		x.silences[s.ID] = s
	}
	x.attempts = append(x.attempts, c.Attempts...)
	x.events = append(x.events, c.Events...)
}

// leave takes all but so many streams' records out, and returns them. Those of streams with changes stay first, then the first by key:
// what lies together in the journal's file is written together. Nothing depends on a record's being on disk with others: without one,
// a stream is new after a restart.
func (x *content) leave(most int) map[pipeline.StreamKey]pipeline.StreamRecord {
	if len(x.streams) <= most {
		return nil
	}
	kept := make(map[pipeline.StreamKey]pipeline.StreamRecord, most)
	keep := func(key pipeline.StreamKey) {
		if r, ok := x.streams[key]; ok && len(kept) < most {
			kept[key] = r
			delete(x.streams, key)
		}
	}
	for i := range x.changes {
		keep(x.changes[i].Incident.Subject.StreamKey)
	}
	for _, key := range slices.SortedFunc(maps.Keys(x.streams), compareKeys)[:most-len(kept)] {
		keep(key)
	}
	rest := x.streams
	x.streams = kept
	return rest
}

// commit returns the content in an order that does not depend on chance.
func (x *content) commit() pipeline.Commit {
	return pipeline.Commit{
		Streams: slices.SortedFunc(maps.Values(x.streams), func(a, b pipeline.StreamRecord) int { return compareKeys(a.Key, b.Key) }),
		Gone:    slices.SortedFunc(maps.Keys(x.gone), compareKeys),
		Proofs: slices.SortedFunc(maps.Values(x.proofs), func(a, b pipeline.ProofPage) int {
			return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Number, b.Number))
		}),
		Changes: x.changes,
		Batches: slices.SortedFunc(maps.Values(x.batches), func(a, b pipeline.Batch) int {
			return cmp.Or(cmp.Compare(a.Order, b.Order), compareIDs(a.BatchID, b.BatchID))
		}),
		Merged: slices.SortedFunc(maps.Keys(x.merged), compareIDs),
		Done:   slices.SortedFunc(maps.Keys(x.done), compareIDs),
		Groups: slices.SortedFunc(maps.Values(x.groups), func(a, b pipeline.GroupRecord) int {
			return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Group, b.Group))
		}),
		Silences: slices.SortedFunc(maps.Values(x.silences), func(a, b pipeline.Silence) int { return cmp.Compare(a.ID, b.ID) }),
		Attempts: x.attempts,
		Events:   x.events,
	}
}

func compareKeys(a, b pipeline.StreamKey) int {
	return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account),
		cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Stream, b.Stream))
}

func compareIDs(a, b pipeline.BatchID) int {
	return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Key, b.Key))
}
