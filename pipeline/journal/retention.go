package journal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// Options bounds the audit. What is older or more is removed, but for the changes of incidents that are open and those
// that are not delivered yet; what is kept of them is counted in no bound.
type Options struct {
	Age  time.Duration // zero: 400 days
	Size int64         // bytes; zero: 256 MiB
}

const (
	defaultAge  = 400 * 24 * time.Hour
	defaultSize = 256 << 20

	// pruneStep is by how many records more than were added the audit may shrink in one commit.
	pruneStep = 500
	// Removing begins when a bound is passed by a part of it, and ends below it, so that the records that tell of it are few.
	pruneShare   = 100
	pruneAgeMost = 24 * time.Hour
)

func (o Options) orDefaults() Options {
	return Options{cmp.Or(o.Age, defaultAge), cmp.Or(o.Size, defaultSize)}
}

// SetRetention sets how much of the audit is kept; what is beyond it goes in small steps with the commits that follow. It
// does not wait for one that is under way.
func (j *Journal) SetRetention(o Options) {
	o = o.orDefaults()
	j.keep.Store(&o)
}

// retain removes records that are beyond the bounds, and writes the audit's head.
func (w *writer) retain(audit *auditor, keep Options) error {
	n := &w.next
	n.checkpoint, n.size = w.was.checkpoint, w.was.size+audit.size
	if audit.count > 0 { // which may be earlier: a clock that was ahead for a while makes nothing older
		n.newest = w.at
	}
	if n.oldest.IsZero() && audit.count > 0 {
		n.oldest = w.at
	}
	removed, err := w.prune(audit, keep)
	if err != nil {
		return err
	}
	swept, err := w.sweep()
	if err != nil {
		return err
	}
	n.head = headInfo{Mark: audit.head, Count: w.was.head.Count + uint64(audit.count) - removed - swept}
	if n.checkpoint != w.was.checkpoint {
		if err := w.meta.put([]byte(checkpointRow), n.checkpoint); err != nil {
			return err
		}
	}
	return w.meta.put([]byte(headRow), n.head)
}

// prune removes the oldest records, never one of this commit, and appends a record that says which.
func (w *writer) prune(audit *auditor, keep Options) (removed uint64, err error) {
	n := &w.next
	large := n.size > keep.Size
	old := n.newest.Sub(n.oldest) > keep.Age+min(keep.Age/pruneShare, pruneAgeMost)
	if !large && !old {
		return 0, nil
	}
	own := w.was.head.Number + 1
	most := uint64(audit.count) + pruneStep
	var gone [][]byte
	cursor := w.audit.bucket.Cursor()
	for k, row := cursor.Seek(key(n.checkpoint.Number + 1)); k != nil && most > 0; k, row = cursor.Next() {
		e, err := w.audit.entry(k, row)
		if err != nil {
			return 0, err
		}
		r, err := e.record()
		if err != nil {
			return 0, err
		}
		n.oldest = r.At()
		large = n.size > keep.Size-keep.Size/pruneShare
		if e.number >= own || !large && n.newest.Sub(n.oldest) <= keep.Age {
			break
		}
		n.checkpoint, n.size = e.mark(), n.size-int64(len(k)+len(row))
		if incident, needed := w.needed(e.number, &r); needed {
			n.left[e.number] = incident
		} else {
			gone = append(gone, key(e.number))
		}
		most--
	}
	if n.checkpoint == w.was.checkpoint {
		return 0, nil
	}
	for _, k := range gone {
		if err := w.audit.remove(k); err != nil {
			return 0, err
		}
	}
	size := audit.size
	_, err = audit.add(prunedRecord(w.at, uint64(len(gone)), n.checkpoint))
	n.size += audit.size - size
	return uint64(len(gone)), err
}

// needed tells whether a record outlives its time, and of which incident it is.
func (w *writer) needed(number uint64, r *pipeline.Record) (incident string, needed bool) {
	if r.Change == nil {
		return "", false
	}
	id := r.Change.Incident.ID
	return id, w.was.records[number] != nil || w.refersTo(number) || w.incidents.bucket.Get([]byte(id)) != nil
}

// refersTo tells whether a row that this commit writes refers to a record.
func (w *writer) refersTo(number uint64) bool {
	if w.refers == nil {
		w.refers = map[uint64]bool{}
		for _, spans := range w.next.rows {
			for n := range numbers(spans) {
				w.refers[n] = true
			}
		}
	}
	return w.refers[number]
}

// sweep removes records before the checkpoint that are needed no more. What this commit delivered goes with a later one.
func (w *writer) sweep() (swept uint64, err error) {
	ends := slices.ContainsFunc(w.Changes, func(c pipeline.Change) bool { return c.Kind.Ends() })
	if len(w.was.left) == 0 || !ends && len(w.Done)+len(w.Merged) == 0 {
		return 0, nil
	}
	for _, number := range slices.Sorted(maps.Keys(w.was.left)) {
		if swept == pruneStep {
			break
		}
		open := w.incidents.bucket.Get([]byte(w.was.left[number])) != nil
		if open || w.was.records[number] != nil || w.refersTo(number) {
			continue
		}
		if err := w.audit.remove(key(number)); err != nil {
			return 0, err
		}
		w.next.swept = append(w.next.swept, number)
		swept++
	}
	return swept, nil
}

const prunedFormat = "%d records up to %d are removed, the last of which had the hash %s"

func prunedRecord(at time.Time, count uint64, last Mark) pipeline.Record {
	return pipeline.Record{Event: &pipeline.Event{
		At: at, Kind: pipeline.EventPruned, Text: fmt.Sprintf(prunedFormat, count, last.Number, last.Hash),
	}}
}

// pruned reads the text of such a record.
func pruned(text string) (last Mark, ok bool) {
	var count uint64
	var hash string
	if n, err := fmt.Sscanf(text, prunedFormat, &count, &last.Number, &hash); n != 3 || err != nil {
		return Mark{}, false
	}
	return last, last.Hash.UnmarshalText([]byte(hash)) == nil
}
