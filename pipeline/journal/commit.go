package journal

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// silenceKept is how long a silence is kept behind its end.
const silenceKept = 24 * time.Hour

// writer writes one commit within one transaction.
type writer struct {
	*tables
	*pipeline.Commit
	was  *index // as it is until the transaction is on disk
	next delta
	at   time.Time // the newest time that the commit tells

	refers map[uint64]bool // records that its rows refer to; nil: not asked for yet
}

func newWriter(s *tables, c *pipeline.Commit, was *index) *writer {
	w := &writer{tables: s, Commit: c, was: was, at: newest(c)}
	w.next = delta{
		changes: c.Changes, rows: map[string][]span{}, silences: map[string]time.Time{}, left: map[uint64]string{},
	}
	w.next.oldest, w.next.newest = was.oldest, was.newest
	return w
}

func (w *writer) write(keep Options) error {
	told, err := w.writeStreams()
	if err != nil {
		return err
	}
	if err := w.writeProofs(); err != nil {
		return err
	}
	if err := w.writeIncidents(); err != nil {
		return err
	}
	audit := auditor{table: w.audit, head: w.was.head.Mark}
	if w.next.first, err = audit.addAll(w.Commit, told); err != nil {
		return err
	}
	if err := w.writeOutbox(); err != nil {
		return err
	}
	if err := w.writeGroups(); err != nil {
		return err
	}
	if err := w.writeSilences(); err != nil {
		return err
	}
	if err := w.writeLost(); err != nil {
		return err
	}
	return w.retain(&audit, keep)
}

// newest is when what the commit tells happened last.
func newest(c *pipeline.Commit) (at time.Time) {
	later := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	for i := range c.Events {
		later(c.Events[i].At)
	}
	for i := range c.Changes {
		later(c.Changes[i].At)
	}
	for i := range c.Attempts {
		later(c.Attempts[i].At)
	}
	if at.IsZero() { // proofs alone
		return time.Now()
	}
	return at
}

// writeStreams returns what the audit hears of them.
func (w *writer) writeStreams() (told []pipeline.Event, err error) {
	tell := func(key []byte, kind pipeline.EventKind) error {
		var before pipeline.StreamRecord
		found, err := w.streams.get(key, &before)
		if found && err == nil {
			told = append(told, pipeline.Event{At: w.at, Kind: kind, Stream: &before})
		}
		return err
	}
	w.streams.bucket.FillPercent = 0.9 // new ones come in the order of their keys
	for i := range w.Streams {
		r := &w.Streams[i]
		key, err := streamKey(r.Key)
		if err != nil {
			return nil, err
		}
		var before limits
		found, err := w.streams.get(key, &before)
		if err == nil && found && !before.same(r) {
			err = tell(key, pipeline.EventLimits)
		}
		if err != nil {
			return nil, err
		}
		if err := w.streams.put(key, r); err != nil {
			return nil, err
		}
	}
	for _, k := range w.Gone {
		key, err := streamKey(k)
		if err != nil {
			return nil, err
		}
		if err := tell(key, pipeline.EventUnwatched); err != nil {
			return nil, err
		}
		if err := w.streams.remove(key); err != nil {
			return nil, err
		}
	}
	return told, nil
}

// writeIncidents writes them in the order of their ids: in any other one, ten thousand new ones take seconds.
func (w *writer) writeIncidents() error {
	newest := make(map[string]*pipeline.Change, len(w.Changes))
	for i := range w.Changes {
		newest[w.Changes[i].Incident.ID] = &w.Changes[i]
	}
	for _, id := range slices.Sorted(maps.Keys(newest)) {
		c, err := newest[id], error(nil)
		if c.Kind.Ends() {
			err = w.incidents.remove([]byte(id))
		} else {
			err = w.incidents.put([]byte(id), &c.Incident)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) writeOutbox() error {
	own := make(map[likeness]uint64, len(w.Changes))
	if len(w.Batches) > 0 {
		for i := range w.Changes {
			own[likenessOf(&w.Changes[i])] = w.next.first + uint64(i)
		}
	}
	for _, b := range w.Batches {
		key := pair(b.Receiver, b.Key)
		row, spans := w.was.store(b, own)
		w.next.rows[string(key)] = spans
		if err := w.outbox.put(key, row); err != nil {
			return err
		}
	}
	for _, id := range slices.Concat(w.Merged, w.Done) {
		key := pair(id.Receiver, id.Key)
		w.next.rows[string(key)] = nil
		if err := w.outbox.remove(key); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) writeGroups() error {
	for i := range w.Groups {
		g := &w.Groups[i]
		key, err := pair(g.Receiver, g.Group), error(nil)
		if len(g.Open) == 0 {
			err = w.groups.remove(key)
		} else {
			err = w.groups.put(key, g)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) writeSilences() error {
	for i := range w.Silences {
		s := &w.Silences[i]
		w.next.silences[s.ID] = s.Ends
		if err := w.silences.put([]byte(s.ID), s); err != nil {
			return err
		}
	}
	for id, ends := range w.was.silences {
		if _, renewed := w.next.silences[id]; renewed || w.at.Sub(ends) <= silenceKept {
			continue
		}
		w.next.silences[id] = time.Time{}
		if err := w.silences.remove([]byte(id)); err != nil {
			return err
		}
	}
	return nil
}

// writeLost forgets the note of what was lost once people were told.
func (w *writer) writeLost() error {
	told := slices.ContainsFunc(w.Changes, func(c pipeline.Change) bool {
		return c.Incident.Subject == pipeline.Subject{} && c.Incident.Rule == pipeline.RuleJournal
	})
	if !told {
		return nil
	}
	return w.meta.remove([]byte(lostRow))
}

func streamKey(k pipeline.StreamKey) ([]byte, error) {
	key, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode stream key: %w", err)
	}
	return key, nil
}

// pair joins two names; a receiver's name holds no NUL.
func pair(receiver, name string) []byte { return []byte(receiver + "\x00" + name) }
