package journal

import (
	"io"
	"time"

	"go.etcd.io/bbolt"
)

// PutFormat writes a format version into tx.
func PutFormat(tx *bbolt.Tx, version int) error {
	s, err := openTables(tx)
	if err != nil {
		return err
	}
	return s.meta.put([]byte(formatRow), formatInfo{version})
}

// Alter changes the rows of the audit below the journal's feet, with the checksums and the total as they should be; with
// a nil payload a record is removed.
func Alter(tx *bbolt.Tx, n uint64, payload func([]byte) []byte, chain bool) error {
	return alter(tx, func(s *tables) error {
		e, err := s.audit.entry(key(n), s.audit.bucket.Get(key(n)))
		if err != nil {
			return err
		}
		if payload == nil {
			return s.audit.remove(key(n))
		}
		e.payload = payload(e.payload)
		if chain {
			e.hash = chained(e.prev, e.number, e.payload)
		}
		_, err = s.audit.putText(key(n), e.parts()...)
		return err
	})
}

// Forge makes the checkpoint one that retention never made.
func Forge(tx *bbolt.Tx, at Mark) error {
	return alter(tx, func(s *tables) error { return s.meta.put([]byte(checkpointRow), at) })
}

// Inspect examines a file's bytes, strictly or as the store needs them.
func Inspect(f io.ReaderAt, size int64, strict bool) (doubt string, err error) {
	found, err := inspect(f, size, strict)
	return found.doubt, err
}

// OpenTelling is Open, and tells of each stage of a rewriting.
func OpenTelling(dir string, now time.Time, step func(stage string)) (*Journal, error) {
	return openDir(dir, now, step)
}

// Stages are those of a rewriting.
func Stages() []string {
	return []string{stageBegun, stageCopying, stageWritten, stageSynced, stageRenamed}
}

// Left returns how many records are kept from before the checkpoint.
func Left(j *Journal) int { return len(j.left) }

// Chained is the hash rule.
func Chained(prev Hash, number uint64, payload []byte) Hash { return chained(prev, number, payload) }
