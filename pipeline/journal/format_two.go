package journal

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// formatTwo is the format without proof pages; all else is as it is now.
const formatTwo = 2

// convertTwo gives a file of format 2 what it lacks, in one transaction.
func (j *Journal) convertTwo() error {
	err := j.db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket([]byte(proofsBucket)); err != nil {
			return err
		}
		s, err := openTables(tx)
		if err != nil {
			return err
		}
		return s.meta.put([]byte(formatRow), formatInfo{formatVersion})
	})
	if err != nil {
		return fmt.Errorf("convert format %d: %w", formatTwo, err)
	}
	return nil
}
