package journal

import "go.etcd.io/bbolt"

// PutFormat writes a format version into tx.
func PutFormat(tx *bbolt.Tx, version int) error {
	meta, _, _, err := tables(tx)
	if err != nil {
		return err
	}
	return meta.put([]byte(formatRow), formatInfo{version})
}

// KeepAudit sets how many records of the audit j keeps.
func KeepAudit(j *Journal, n uint64) { j.keep = n }

// Inspect examines a file's bytes.
var Inspect = inspect
