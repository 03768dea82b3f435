package journal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// formatVersion numbers the meaning of buckets, keys and values.
const formatVersion = 1

// The buckets, with their keys: meta (see below), streams (the stream's key in JSON), incidents (id), outbox (receiver,
// NUL, key), receipts (receiver, NUL, group), audit (a rising number, big endian).
const (
	metaBucket      = "meta"
	streamsBucket   = "streams"
	incidentsBucket = "incidents"
	outboxBucket    = "outbox"
	receiptsBucket  = "receipts"
	auditBucket     = "audit"
)

// The rows of the meta bucket.
const (
	formatRow = "format" // formatInfo
	digestRow = "digest" // digest of the rows of all other buckets
	lostRow   = "lost"   // note; there until a change about the agent itself is committed
)

type formatInfo struct {
	Version int `json:"version"`
}

func dataBuckets() []string {
	return []string{streamsBucket, incidentsBucket, outboxBucket, receiptsBucket, auditBucket}
}

// tables opens every bucket of tx. Rows of meta are no part of the total.
func tables(tx *bbolt.Tx) (meta table, data map[string]table, total *digest, err error) {
	total, data = &digest{}, map[string]table{}
	for _, name := range dataBuckets() {
		b := tx.Bucket([]byte(name))
		if b == nil {
			return meta, nil, nil, damagef("bucket %s is missing", name)
		}
		data[name] = table{name: name, bucket: b, total: total}
	}
	meta = table{name: metaBucket, bucket: tx.Bucket([]byte(metaBucket)), total: &digest{}}
	if meta.bucket == nil {
		return meta, nil, nil, damagef("bucket %s is missing", metaBucket)
	}
	return meta, data, total, nil
}

// metaValue decodes a row of meta; false if there is none.
func metaValue(meta table, key string, into any) (bool, error) {
	row := meta.bucket.Get([]byte(key))
	if row == nil {
		return false, nil
	}
	return true, meta.decode([]byte(key), row, into)
}

// format makes the buckets of a fresh file, and keeps the note of what is lost.
func format(tx *bbolt.Tx, lost note) error {
	fresh := empty(tx)
	if fresh {
		for _, name := range append(dataBuckets(), metaBucket) {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return fmt.Errorf("make bucket %s: %w", name, err)
			}
		}
	}
	meta, _, _, err := tables(tx)
	if err != nil {
		return err
	}
	if fresh {
		if err := meta.put([]byte(formatRow), formatInfo{formatVersion}); err != nil {
			return err
		}
		if err := meta.put([]byte(digestRow), digest{}); err != nil {
			return err
		}
	}
	if lost.Text != "" {
		return meta.put([]byte(lostRow), lost)
	}
	return nil
}

func empty(tx *bbolt.Tx) bool {
	key, _ := tx.Cursor().First()
	return key == nil
}

// load reads everything, the audit too, so that damage is found at the start and not in need.
func load(tx *bbolt.Tx) (s pipeline.State, err error) {
	if empty(tx) {
		return s, nil
	}
	meta, data, total, err := tables(tx)
	if err != nil {
		return s, err
	}
	var format formatInfo
	if found, err := metaValue(meta, formatRow, &format); err != nil {
		return s, err
	} else if !found || format.Version < 1 {
		return s, damagef("it has no format version")
	}
	if format.Version > formatVersion {
		return s, fmt.Errorf("open journal: %s has format %d, written by a newer mirrorwatch; this one knows format %d",
			tx.DB().Path(), format.Version, formatVersion)
	}
	var lost note
	if _, err := metaValue(meta, lostRow, &lost); err != nil {
		return s, err
	}
	s.Lost, s.LostAt = lost.Text, lost.At

	if err := collect(data[streamsBucket], &s.Streams); err != nil {
		return s, err
	}
	if err := collect(data[incidentsBucket], &s.Incidents); err != nil {
		return s, err
	}
	if err := collect(data[outboxBucket], &s.Outbox); err != nil {
		return s, err
	}
	if err := collect(data[receiptsBucket], &s.Receipts); err != nil {
		return s, err
	}
	if err := each(data[auditBucket], func([]byte, json.RawMessage) error { return nil }); err != nil {
		return s, err
	}
	var want digest
	if _, err := metaValue(meta, digestRow, &want); err != nil {
		return s, err
	}
	if want != *total {
		return s, damagef("%d rows, %d expected, or not the same ones", total.Rows, want.Rows)
	}
	slices.SortFunc(s.Incidents, func(a, b pipeline.Incident) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(s.Outbox, func(a, b pipeline.Batch) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Key, b.Key))
	})
	return s, nil
}

func collect[T any](t table, into *[]T) error {
	return each(t, func(_ []byte, row T) error {
		*into = append(*into, row)
		return nil
	})
}
