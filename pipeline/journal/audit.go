package journal

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// keepAudit is how many records the audit holds at least; older ones go as new ones come. At about 1 kB a record
// that bounds the file near 100 MB.
const keepAudit = 100_000

// pruneStep is by how many records more than were added the audit may shrink in one commit.
const pruneStep = 100

// Record is one record of the audit: a change or an attempt to deliver, the other is nil.
type Record struct {
	Change  *pipeline.Change  `json:"change,omitempty"`
	Attempt *pipeline.Attempt `json:"attempt,omitempty"`
}

// Audit yields the records that are kept, oldest first, until yield fails. It must not commit from within yield.
func (j *Journal) Audit(yield func(Record) error) error {
	err := guard(func() error {
		return j.db.View(func(tx *bbolt.Tx) error {
			_, data, _, err := tables(tx)
			if err != nil {
				return err
			}
			return each(data[auditBucket], func(_ []byte, r Record) error { return yield(r) })
		})
	})
	if err != nil {
		return fmt.Errorf("read audit: %w", err)
	}
	return nil
}

func writeAudit(t table, c pipeline.Commit, keep uint64) error {
	first, last := ends(t)
	next := last + 1
	t.bucket.FillPercent = 1 // keys only rise: pages need no room for more
	add := func(r Record) error {
		err := t.put(number(next), r)
		next++
		return err
	}
	for i := range c.Changes {
		if err := add(Record{Change: &c.Changes[i]}); err != nil {
			return err
		}
	}
	for i := range c.Attempts {
		if err := add(Record{Attempt: &c.Attempts[i]}); err != nil {
			return err
		}
	}
	for steps := next - last - 1 + pruneStep; steps > 0 && next-first > keep; steps-- {
		if err := t.remove(number(first)); err != nil {
			return err
		}
		first++
	}
	return nil
}

// ends returns the numbers of the oldest and the newest record: 1 and 0 for an empty audit.
func ends(t table) (first, last uint64) {
	cursor := t.bucket.Cursor()
	oldest, _ := cursor.First()
	if oldest == nil {
		return 1, 0
	}
	newest, _ := cursor.Last()
	return binary.BigEndian.Uint64(oldest), binary.BigEndian.Uint64(newest)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
