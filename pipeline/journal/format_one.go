package journal

import (
	"encoding/json"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// The buckets of format 1 that are no more, or hold something else: receipts (receiver, NUL, group), the outbox with
// whole batches, the audit without hashes.
const receiptsBucket = "receipts"

// formatOne is a file of format 1, but for its audit.
type formatOne struct {
	commit   pipeline.Commit
	open     []pipeline.Incident
	receipts []receiptRecord
	lost     note
}

// receiptRecord is the newest receipt of one group at one receiver.
type receiptRecord struct {
	Receiver string           `json:"receiver"`
	Group    string           `json:"group"`
	Receipt  pipeline.Receipt `json:"receipt"`
}

// loadFormatOne reads and checks the file.
func loadFormatOne(tx *bbolt.Tx) (old formatOne, err error) {
	total, tables := &digest{}, map[string]table{}
	for _, name := range []string{streamsBucket, incidentsBucket, outboxBucket, receiptsBucket, auditBucket} {
		b := tx.Bucket([]byte(name))
		if b == nil {
			return old, damagef("bucket %s is missing", name)
		}
		tables[name] = table{name, b, total}
	}
	if err := collect(tables[streamsBucket], &old.commit.Streams); err != nil {
		return old, err
	}
	if err := collect(tables[incidentsBucket], &old.open); err != nil {
		return old, err
	}
	if err := collect(tables[outboxBucket], &old.commit.Batches); err != nil {
		return old, err
	}
	if err := collect(tables[receiptsBucket], &old.receipts); err != nil {
		return old, err
	}
	if err := each(tables[auditBucket], func([]byte, json.RawMessage) error { return nil }); err != nil {
		return old, err
	}
	meta := table{metaBucket, tx.Bucket([]byte(metaBucket)), &digest{}}
	var want digest
	if err := meta.need(digestRow, &want); err != nil {
		return old, err
	}
	if want != *total {
		return old, damagef("%d rows, %d expected, or not the same ones", total.Rows, want.Rows)
	}
	_, err = meta.get([]byte(lostRow), &old.lost)
	return old, err
}

// tellers is which receiver was told of which open incident, each a group of its own, as far as the audit and the
// receipts tell: they name a batch by its first change.
type tellers map[string]*pipeline.GroupRecord

func (t tellers) group(receiver string, i *pipeline.Incident) *pipeline.GroupRecord {
	key := string(pair(receiver, i.ID))
	if t[key] == nil {
		t[key] = &pipeline.GroupRecord{Receiver: receiver, Group: i.ID, Told: i.Changed, Paged: i.Told, Open: []string{i.ID}}
	}
	return t[key]
}

func (t tellers) take(a *pipeline.Attempt, open map[string]*pipeline.Incident) {
	if a == nil || a.Outcome != pipeline.OutcomeDelivered {
		return
	}
	id, _, _ := strings.Cut(a.Key, "/")
	if i := open[id]; i != nil {
		t.group(a.Receiver, i)
	}
}

func (t tellers) receipt(r receiptRecord, open map[string]*pipeline.Incident) {
	if i := open[r.Group]; i != nil {
		t.group(r.Receiver, i).Receipt = slices.Clone(r.Receipt)
	}
}
