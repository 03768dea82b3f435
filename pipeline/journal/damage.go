package journal

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bboltErrors "go.etcd.io/bbolt/errors"
)

// errLocked says that another process has the file.
var errLocked = errors.New("locked")

// damageError says how a journal does not hold together.
type damageError struct{ problem string }

func (e *damageError) Error() string { return "damaged: " + e.problem }

func damagef(format string, args ...any) error {
	return &damageError{fmt.Sprintf(format, args...)}
}

// note is what a fresh journal remembers of the one before it, until people were told.
type note struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// openFile opens the store, for reading only with a shared lock. Its pages are examined after the lock is held and before
// the store maps them.
func openFile(path string, readOnly bool) (db *bbolt.DB, found survey, err error) {
	options := storeOptions()
	options.ReadOnly = readOnly
	options.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, mode)
		if err != nil {
			return nil, err
		}
		if found, err = examine(f, readOnly); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	err = guard(func() error {
		db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	switch {
	case errors.Is(err, bboltErrors.ErrTimeout):
		return nil, found, errLocked
	case errors.Is(err, bboltErrors.ErrInvalid), errors.Is(err, bboltErrors.ErrChecksum),
		errors.Is(err, bboltErrors.ErrVersionMismatch):
		return nil, found, damagef("%v", err)
	case err != nil:
		return nil, found, err
	}
	return db, found, nil
}

func storeOptions() *bbolt.Options {
	return &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType, NoStatistics: true}
}

// examine locks the file and examines its pages; strictly for a reader, who has nothing to go on with.
func examine(f *os.File, readOnly bool) (found survey, err error) {
	if err := lock(f, readOnly, lockTimeout); err != nil {
		return found, err
	}
	info, err := f.Stat()
	if err != nil {
		return found, fmt.Errorf("examine journal: %w", err)
	}
	there, err := os.Stat(f.Name())
	switch {
	case err != nil:
		return found, fmt.Errorf("examine journal: %w", err)
	case !os.SameFile(info, there): // who had the lock has put another file in its place
		return found, errLocked
	case readOnly && info.Size() == 0:
		return found, damagef("the file is empty")
	}
	return inspect(f, info.Size(), readOnly)
}

// setAside renames the damaged file and returns what is lost with it.
func setAside(path string, damaged *damageError, now time.Time) (note, error) {
	info, err := os.Stat(path)
	if err != nil {
		return note{}, fmt.Errorf("set damaged journal aside: %w", err)
	}
	aside := path + ".damaged-" + now.UTC().Format("20060102T150405Z")
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s.damaged-%s-%d", path, now.UTC().Format("20060102T150405Z"), n)
	}
	if err := os.Rename(path, aside); err != nil {
		return note{}, fmt.Errorf("set damaged journal aside: %w", err)
	}
	text := fmt.Sprintf("the journal was damaged (%s) and is set aside as %s: open incidents, proofs, undelivered messages "+
		"and history, last written at %s, are lost", damaged.problem, aside, info.ModTime().UTC().Format(time.RFC3339))
	return note{Text: text, At: now}, nil
}
