package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"go.etcd.io/bbolt"
)

// rewriting ends the name of a file that is to take the journal's place. One that is found at the start was left by a
// process that was killed, and is removed.
const rewriting = ".rewriting"

// copyStep is about how many bytes are copied in one transaction.
const copyStep = 4 << 20

// The stages of a rewriting, in their order.
const (
	stageBegun   = "begun"   // the other file is there, and empty
	stageCopying = "copying" // a part of it is written; told several times
	stageWritten = "written" // all of it is, and not yet on disk
	stageSynced  = "synced"  // it is on disk
	stageRenamed = "renamed" // it is in the journal's place, perhaps not on disk
)

// Compact writes the journal into a fresh file without free space, which then takes its place. Nothing is committed or
// read meanwhile: it takes about a second for 100 MB. A process that is killed in the middle leaves the old file as it is.
func (j *Journal) Compact() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	if err := j.rewrite(func(to *bbolt.DB) error { return copyAll(to, j.db, j.step) }); err != nil {
		return fmt.Errorf("compact journal: %w", err)
	}
	return nil
}

// rewrite puts a file that fill wrote in the place of the journal's. The lock on it is held before it gets there, and the
// lock on the old one until then.
func (j *Journal) rewrite(fill func(to *bbolt.DB) error) (err error) {
	name := j.path + rewriting
	options := storeOptions()
	options.NoSync = true
	db, err := bbolt.Open(name, 0o600, options)
	if err != nil {
		return fmt.Errorf("make %s: %w", filepath.Base(name), err)
	}
	renamed := false
	defer func() {
		if !renamed {
			err = errors.Join(err, db.Close(), os.Remove(name))
		}
	}()
	j.step(stageBegun)
	if err := guard(func() error { return fill(db) }); err != nil {
		return err
	}
	j.step(stageWritten)
	if err := db.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	db.NoSync = false
	j.step(stageSynced)
	j.swap.Lock()
	defer j.swap.Unlock()
	if err := os.Rename(name, j.path); err != nil {
		return err
	}
	renamed = true
	j.step(stageRenamed)
	_ = j.db.Close() // of the old file, which has no name any more
	j.db = db
	if err := syncDir(filepath.Dir(j.path)); err != nil {
		j.broken = damagef("%v: after a power cut the old file may be back, without what is committed from now on", err)
		return j.broken
	}
	return nil
}

// copyAll copies every bucket.
func copyAll(to, from *bbolt.DB, step func(stage string)) error {
	return from.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			cursor := b.Cursor()
			k, v := cursor.First()
			for more := true; more; more = k != nil {
				err := to.Update(func(tx *bbolt.Tx) error {
					into, err := tx.CreateBucketIfNotExists(name)
					if err != nil {
						return err
					}
					into.FillPercent = 1
					for size := 0; k != nil && size < copyStep; k, v = cursor.Next() {
						if err := into.Put(k, v); err != nil {
							return err
						}
						size += len(k) + len(v)
					}
					return nil
				})
				if err != nil {
					return fmt.Errorf("copy %s: %w", name, err)
				}
				step(stageCopying)
			}
			return nil
		})
	})
}

// syncDir brings a folder's names to disk; where the system cannot, there is nothing to bring.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
