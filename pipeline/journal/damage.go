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

// openFile opens the store. Its pages are examined after the lock is held and before the store maps them. A doubt
// is damage that the store can carry on from.
func openFile(path string) (db *bbolt.DB, doubt string, err error) {
	options := &bbolt.Options{
		Timeout:      lockTimeout,
		FreelistType: bbolt.FreelistMapType,
		NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			if err != nil {
				return nil, err
			}
			if doubt, err = examine(f); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return f, nil
		},
	}
	err = guard(func() error {
		db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	switch {
	case errors.Is(err, bboltErrors.ErrTimeout):
		return nil, "", errLocked
	case errors.Is(err, bboltErrors.ErrInvalid), errors.Is(err, bboltErrors.ErrChecksum),
		errors.Is(err, bboltErrors.ErrVersionMismatch):
		return nil, "", damagef("%v", err)
	case err != nil:
		return nil, "", err
	}
	return db, doubt, nil
}

func examine(f *os.File) (doubt string, err error) {
	if err := lock(f, lockTimeout); err != nil {
		return "", err
	}
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("examine journal: %w", err)
	}
	return inspect(f, info.Size())
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
