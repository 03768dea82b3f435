package journal

import (
	"errors"
	"fmt"
	"path/filepath"
)

// ErrInUse says that an agent has the journal open: what it holds is to be asked of the agent.
var ErrInUse = errors.New("an agent uses it: ask the agent")

// Reader reads the journal of an agent that does not run. It writes nothing.
type Reader struct{ reading }

// OpenReader opens the journal in dir for reading. It fails with ErrInUse while an agent runs, and with fs.ErrNotExist
// where there is none. A damaged file is an error, and stays where it is.
func OpenReader(dir string) (*Reader, error) {
	db, _, err := openFile(filepath.Join(dir, FileName), true)
	switch {
	case errors.Is(err, errLocked):
		return nil, fmt.Errorf("read journal in %s: %w", dir, ErrInUse)
	case err != nil:
		return nil, fmt.Errorf("read journal: %w", err)
	}
	if err := current(db); err != nil {
		return nil, errors.Join(fmt.Errorf("read journal: %w", err), db.Close())
	}
	return &Reader{reading{db: db}}, nil
}

// Close closes the file.
func (r *Reader) Close() error {
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}
