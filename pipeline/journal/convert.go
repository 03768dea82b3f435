package journal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// current fails unless the file has the format of now.
func current(db *bbolt.DB) error {
	return guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			if empty(tx) {
				return damagef("the file is empty")
			}
			v, err := version(tx)
			if err == nil && v != formatVersion {
				err = fmt.Errorf("%s has format %d: the agent converts it when it starts", tx.DB().Path(), v)
			}
			return err
		})
	})
}

// convert makes a file of an older format one of now. One of format 1 is written anew, as one that carries on from where the old one
// was. The old file is what it was until the new one takes its place.
func (j *Journal) convert() error {
	var old formatOne
	two := false
	err := j.db.View(func(tx *bbolt.Tx) error {
		if empty(tx) {
			return errEnough
		}
		v, err := version(tx)
		if two = v == formatTwo; err != nil || two || v == formatVersion {
			return cmp.Or(err, errEnough)
		}
		old, err = loadFormatOne(tx)
		return err
	})
	switch {
	case errors.Is(err, errEnough) && two:
		return j.convertTwo()
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return err
	}
	if err := j.rewrite(func(to *bbolt.DB) error { return fillFrom(to, j.db, &old, j.step) }); err != nil {
		return fmt.Errorf("convert format 1: %w", err)
	}
	return nil
}

// fillFrom writes the audit first, in steps, and then all that rests on it.
func fillFrom(to, from *bbolt.DB, old *formatOne, step func(stage string)) error {
	if err := to.Update(func(tx *bbolt.Tx) error { return format(tx, old.lost) }); err != nil {
		return err
	}
	open := map[string]*pipeline.Incident{}
	for i := range old.open {
		open[old.open[i].ID] = &old.open[i]
	}
	told := tellers{}
	own := map[likeness]uint64{}
	for _, b := range old.commit.Batches {
		for i := range b.Changes {
			own[likenessOf(&b.Changes[i])] = 0
		}
	}
	var head headInfo
	var at time.Time
	err := from.View(func(tx *bbolt.Tx) error {
		rows := table{auditBucket, tx.Bucket([]byte(auditBucket)), &digest{}}
		cursor := rows.bucket.Cursor()
		k, v := cursor.First()
		if k != nil { // numbers stay
			head.Number = binary.BigEndian.Uint64(k) - 1
		}
		removed := head.Mark
		for k != nil {
			err := to.Update(func(tx *bbolt.Tx) error {
				return alter(tx, func(s *tables) error {
					a := auditor{table: s.audit, head: head.Mark}
					for ; k != nil && a.size < copyStep; k, v = cursor.Next() {
						var r pipeline.Record
						if err := rows.decode(k, v, &r); err != nil {
							return err
						}
						n, err := a.add(r)
						if err != nil {
							return err
						}
						if c := r.Change; c != nil {
							if _, waits := own[likenessOf(c)]; waits {
								own[likenessOf(c)] = n
							}
						}
						told.take(r.Attempt, open)
						at = r.At()
					}
					if k == nil && removed.Number > 0 {
						if _, err := a.add(prunedRecord(at, removed.Number, removed)); err != nil {
							return err
						}
						if err := s.meta.put([]byte(checkpointRow), removed); err != nil {
							return err
						}
					}
					head.Mark, head.Count = a.head, head.Count+uint64(a.count)
					return s.meta.put([]byte(headRow), head)
				})
			})
			if err != nil {
				return err
			}
			step(stageCopying)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for like, n := range own {
		if n == 0 {
			delete(own, like)
		}
	}
	for _, r := range old.receipts {
		told.receipt(r, open)
	}
	return to.Update(func(tx *bbolt.Tx) error {
		return alter(tx, func(s *tables) error { return fillState(s, old, own, told) })
	})
}

func fillState(s *tables, old *formatOne, own map[likeness]uint64, told tellers) error {
	x := newIndex()
	for i := range old.open {
		if err := s.incidents.put([]byte(old.open[i].ID), &old.open[i]); err != nil {
			return err
		}
	}
	for i := range old.commit.Streams {
		key, err := streamKey(old.commit.Streams[i].Key)
		if err != nil {
			return err
		}
		if err := s.streams.put(key, &old.commit.Streams[i]); err != nil {
			return err
		}
	}
	for _, b := range old.commit.Batches {
		row, _ := x.store(b, own)
		if err := s.outbox.put(pair(b.Receiver, b.Key), row); err != nil {
			return err
		}
	}
	for key, g := range told {
		if err := s.groups.put([]byte(key), g); err != nil {
			return err
		}
	}
	return nil
}
