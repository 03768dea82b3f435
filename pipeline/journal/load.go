package journal

import (
	"cmp"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// load reads everything, the audit too, so that damage is found at the start and not in need.
func load(tx *bbolt.Tx, now time.Time) (s pipeline.State, x index, err error) {
	x = newIndex()
	if empty(tx) {
		return s, x, nil
	}
	if _, err := version(tx); err != nil {
		return s, x, err
	}
	t, err := openTables(tx)
	if err != nil {
		return s, x, err
	}
	var lost note
	if _, err := t.meta.get([]byte(lostRow), &lost); err != nil {
		return s, x, err
	}
	s.Lost, s.LostAt = lost.Text, lost.At
	if err := collect(t.streams, &s.Streams); err != nil {
		return s, x, err
	}
	if s.Proofs, err = loadProofs(t.proofs); err != nil {
		return s, x, err
	}
	if err := collect(t.incidents, &s.Incidents); err != nil {
		return s, x, err
	}
	if err := collect(t.groups, &s.Groups); err != nil {
		return s, x, err
	}
	if err := collect(t.silences, &s.Silences); err != nil {
		return s, x, err
	}
	for i := range s.Silences {
		x.silences[s.Silences[i].ID] = s.Silences[i].Ends
	}
	if err := loadAudit(t, &x); err != nil {
		return s, x, err
	}
	if s.Outbox, err = loadOutbox(t, &x); err != nil {
		return s, x, err
	}
	var want digest
	if err := t.meta.need(digestRow, &want); err != nil {
		return s, x, err
	}
	if want != *t.total {
		return s, x, damagef("%d rows, %d expected, or not the same ones", t.total.Rows, want.Rows)
	}
	if s.Ended, err = loadEnded(t, now); err != nil {
		return s, x, err
	}
	slices.SortFunc(s.Incidents, byOpening)
	slices.SortFunc(s.Outbox, func(a, b pipeline.Batch) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Key, b.Key))
	})
	return s, x, nil
}

func byOpening(a, b pipeline.Incident) int {
	return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
}

// loadAudit checks every record's checksum. Whether the chain holds is for Verify to tell: it is no reason to set the
// state aside.
func loadAudit(t *tables, x *index) error {
	if err := t.meta.need(headRow, &x.head); err != nil {
		return err
	}
	if err := t.meta.need(checkpointRow, &x.checkpoint); err != nil {
		return err
	}
	var first, last pipeline.Record
	err := t.audit.bucket.ForEach(func(k, row []byte) error {
		text, err := t.audit.text(k, row)
		if err != nil {
			return err
		}
		t.total.add(row)
		e, err := parseEntry(k, text)
		if err != nil {
			return err
		}
		switch {
		case e.number <= x.checkpoint.Number:
			r, err := e.record()
			if err != nil || r.Change == nil {
				return cmp.Or(err, damagef("record %d is no change", e.number))
			}
			x.left[e.number] = r.Change.Incident.ID
			return nil
		case x.size == 0:
			if first, err = e.record(); err != nil {
				return err
			}
		}
		x.size += int64(len(k) + len(row))
		if e.number == x.head.Number {
			last, err = e.record()
		}
		return err
	})
	x.oldest, x.newest = first.At(), last.At()
	return err
}

// loadOutbox gives each batch its changes back.
func loadOutbox(t *tables, x *index) (batches []pipeline.Batch, err error) {
	recorded := map[uint64]*pipeline.Change{}
	find := func(number uint64) (*pipeline.Change, error) {
		if c := recorded[number]; c != nil {
			return c, nil
		}
		row := t.audit.bucket.Get(key(number))
		if row == nil {
			return nil, damagef("record %d is missing, and is not delivered", number)
		}
		e, err := t.audit.entry(key(number), row)
		if err != nil {
			return nil, err
		}
		r, err := e.record()
		if err != nil || r.Change == nil {
			return nil, cmp.Or(err, damagef("record %d is no change", number))
		}
		recorded[number] = r.Change
		return r.Change, nil
	}
	err = each(t.outbox, func(k []byte, row outboxRow) error {
		b := row.Batch
		for _, p := range row.Changes {
			if p.Change != nil {
				b.Changes = append(b.Changes, *p.Change)
				continue
			}
			for n := p.First; n < p.First+p.Count; n++ {
				c, err := find(n)
				if err != nil {
					return err
				}
				b.Changes = append(b.Changes, *c)
			}
		}
		batches = append(batches, b)
		x.set(map[string][]span{string(k): row.spans()}, func(n uint64) *pipeline.Change { return recorded[n] })
		return nil
	})
	return batches, err
}

// loadEnded reads the audit from its end back to where it tells of what happened longer than FlapWindow ago.
func loadEnded(t *tables, now time.Time) (ended []pipeline.Incident, err error) {
	since := now.Add(-pipeline.FlapWindow)
	cursor := t.audit.bucket.Cursor()
	for k, row := cursor.Last(); k != nil; k, row = cursor.Prev() {
		e, err := t.audit.entry(k, row)
		if err != nil {
			return nil, err
		}
		r, err := e.record()
		if err != nil {
			return nil, err
		}
		if r.At().Before(since.Add(-pipeline.FlapWindow)) {
			break
		}
		if c := r.Change; c != nil && c.Kind.Ends() && c.Incident.Ended.After(since) {
			ended = append(ended, c.Incident)
		}
	}
	slices.SortStableFunc(ended, func(a, b pipeline.Incident) int {
		return cmp.Or(a.Ended.Compare(b.Ended), cmp.Compare(a.ID, b.ID))
	})
	return ended, nil
}
