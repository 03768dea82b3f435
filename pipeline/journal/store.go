package journal

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// formatVersion numbers the meaning of buckets, keys and values.
const formatVersion = 3

// The buckets, with their keys: meta (see below), streams (the stream's key in JSON), proofs (connection, NUL, a page's number, big
// endian), incidents (id), outbox (receiver, NUL, key), groups (receiver, NUL, group), silences (id), audit (a rising number, big
// endian).
const (
	metaBucket      = "meta"
	streamsBucket   = "streams"
	proofsBucket    = "proofs"
	incidentsBucket = "incidents"
	outboxBucket    = "outbox"
	groupsBucket    = "groups"
	silencesBucket  = "silences"
	auditBucket     = "audit"
)

// The rows of the meta bucket.
const (
	formatRow     = "format"     // formatInfo
	digestRow     = "digest"     // digest of the rows of all other buckets
	headRow       = "head"       // headInfo
	checkpointRow = "checkpoint" // Mark of the newest record that retention went past
	lostRow       = "lost"       // note; there until a change about the agent itself is committed
)

type formatInfo struct {
	Version int `json:"version"`
}

// headInfo is the newest record, and how many there are.
type headInfo struct {
	Mark
	Count uint64 `json:"count"`
}

// tables is every bucket of a transaction. Rows of meta are no part of the total.
type tables struct {
	meta, streams, proofs, incidents, outbox, groups, silences, audit table

	total *digest
}

func dataBuckets() []string {
	return []string{streamsBucket, proofsBucket, incidentsBucket, outboxBucket, groupsBucket, silencesBucket, auditBucket}
}

// openTables opens every bucket of tx, with an empty total.
func openTables(tx *bbolt.Tx) (*tables, error) {
	s := &tables{total: &digest{}}
	for name, t := range map[string]*table{
		metaBucket: &s.meta, streamsBucket: &s.streams, proofsBucket: &s.proofs, incidentsBucket: &s.incidents, outboxBucket: &s.outbox,
		groupsBucket: &s.groups, silencesBucket: &s.silences, auditBucket: &s.audit,
	} {
		b := tx.Bucket([]byte(name))
		if b == nil {
			return nil, damagef("bucket %s is missing", name)
		}
		*t = table{name: name, bucket: b, total: s.total}
	}
	s.meta.total = &digest{}
	return s, nil
}

// alter opens every bucket of tx with the total in force, lets f change rows, and writes the new total.
func alter(tx *bbolt.Tx, f func(s *tables) error) error {
	s, err := openTables(tx)
	if err != nil {
		return err
	}
	if err := s.meta.need(digestRow, s.total); err != nil {
		return err
	}
	if err := f(s); err != nil {
		return err
	}
	return s.meta.put([]byte(digestRow), s.total)
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
	s, err := openTables(tx)
	if err != nil {
		return err
	}
	if fresh {
		for row, value := range map[string]any{
			formatRow: formatInfo{formatVersion}, digestRow: digest{}, headRow: headInfo{}, checkpointRow: Mark{},
		} {
			if err := s.meta.put([]byte(row), value); err != nil {
				return err
			}
		}
	}
	if lost.Text != "" {
		return s.meta.put([]byte(lostRow), lost)
	}
	return nil
}

func empty(tx *bbolt.Tx) bool {
	key, _ := tx.Cursor().First()
	return key == nil
}

// version returns the format of a file that is not empty.
func version(tx *bbolt.Tx) (int, error) {
	meta := table{name: metaBucket, bucket: tx.Bucket([]byte(metaBucket)), total: &digest{}}
	if meta.bucket == nil {
		return 0, damagef("bucket %s is missing", metaBucket)
	}
	var format formatInfo
	if found, err := meta.get([]byte(formatRow), &format); err != nil {
		return 0, err
	} else if !found || format.Version < 1 {
		return 0, damagef("it has no format version")
	}
	if format.Version > formatVersion {
		return 0, fmt.Errorf("%s has format %d, written by a newer mirrorwatch; this one knows format %d",
			tx.DB().Path(), format.Version, formatVersion)
	}
	return format.Version, nil
}
