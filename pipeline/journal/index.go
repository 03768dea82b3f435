package journal

import (
	"time"

	"mirrorwatch/pipeline"
)

// index is what is known of the file without reading it. A commit changes it once its transaction is on disk.
type index struct {
	head       headInfo
	checkpoint Mark
	size       int64             // bytes of the audit's records behind the checkpoint
	oldest     time.Time         // of these records; zero: there is none
	newest     time.Time         // of the newest record
	left       map[uint64]string // records before the checkpoint that are needed still: the ids of their incidents

	references
	silences map[string]time.Time // when they end, by id
}

func newIndex() index {
	return index{left: map[uint64]string{}, references: newReferences(), silences: map[string]time.Time{}}
}

// delta is how a transaction changes the index.
type delta struct {
	head           headInfo
	checkpoint     Mark
	size           int64
	oldest, newest time.Time

	changes []pipeline.Change // of the commit
	first   uint64            // the number of the first of changes

	rows     map[string][]span // of the outbox; nil: removed
	silences map[string]time.Time
	left     map[uint64]string // new ones
	swept    []uint64
}

func (x *index) apply(d *delta) {
	x.head, x.checkpoint, x.size, x.oldest, x.newest = d.head, d.checkpoint, d.size, d.oldest, d.newest
	x.set(d.rows, func(n uint64) *pipeline.Change { return &d.changes[n-d.first] })
	for id, ends := range d.silences {
		if ends.IsZero() {
			delete(x.silences, id)
		} else {
			x.silences[id] = ends
		}
	}
	for number, incident := range d.left {
		x.left[number] = incident
	}
	for _, number := range d.swept {
		delete(x.left, number)
	}
}
