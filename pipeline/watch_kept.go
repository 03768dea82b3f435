package pipeline

import (
	"maps"
	"slices"
	"time"
)

// This file holds what is kept of a Watch, by its journal or by another Watch.

// Drain returns the changes since the last call, the records to keep with them, and the streams to forget. With all
// set, every stream's record is returned.
func (w *Watch) Drain(now time.Time, all bool) (records []StreamRecord, gone []StreamKey, changes []Change) {
	if all {
		for _, s := range w.streams {
			w.dirty[s.key] = s
		}
	}
	for key, s := range w.dirty {
		records = append(records, s.record())
		s.kept, s.dirty = now, false
		delete(w.dirty, key)
	}
	gone, changes = w.gone, w.changes
	w.gone, w.changes = nil, nil
	return records, gone, changes
}

// State returns what another watch on the connection goes on from, in NewWatch: all that is kept of every stream, the open
// incidents, and the rules, subjects and times of those that opened lately.
func (w *Watch) State() (records []StreamRecord, open, ended []Incident) {
	for _, key := range slices.SortedFunc(maps.Keys(w.streams), compareKeys) {
		records = append(records, w.streams[key].record())
	}
	return records, w.tracker.All(), w.tracker.lately()
}
