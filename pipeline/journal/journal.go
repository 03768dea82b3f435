// Package journal keeps the agent's state and its audit in one bbolt file, mirrorwatch.db.
//
// A commit is one fsynced transaction. Values are JSON behind a checksum (rows.go), the file's pages are examined
// before bbolt maps them (inspect.go), and a file that does not hold together is set aside and told of (damage.go).
package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"mirrorwatch/pipeline"
)

// FileName is the journal's file within its directory.
const FileName = "mirrorwatch.db"

// lockTimeout is how long Open waits for another process to let go of the file.
const lockTimeout = time.Second

// Journal implements pipeline.Journal. It holds its file's lock until Close.
type Journal struct {
	db    *bbolt.DB
	state pipeline.State // as found by Open, until Load hands it out

	mu     sync.Mutex
	broken error // a panic of the store: nothing is written any more
	keep   uint64
}

// Open opens the journal in dir, making both where they do not exist. It fails if another process uses it, if it
// cannot be written, or if a newer version wrote it. A damaged file is renamed to mirrorwatch.db.damaged-TIME, and a
// fresh one is begun whose state says in Lost what became of the old one, as found at now.
func Open(dir string, now time.Time) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data_dir: %w", err)
	}
	path := filepath.Join(dir, FileName)
	j, err := open(path, now, note{})
	var damaged *damageError
	if !errors.As(err, &damaged) {
		return j, err
	}
	lost, err := setAside(path, damaged, now)
	if err != nil {
		return nil, err
	}
	return open(path, now, lost)
}

func open(path string, now time.Time, lost note) (*Journal, error) {
	db, doubt, err := openFile(path)
	switch {
	case errors.Is(err, errLocked):
		return nil, fmt.Errorf("another mirrorwatch already uses data_dir %s", filepath.Dir(path))
	case err != nil:
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{db: db, keep: keepAudit}
	if doubt != "" {
		lost = note{Text: doubt, At: now}
	}
	if err := guard(func() error { return j.begin(now, lost) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return j, nil
}

// begin makes what a fresh file lacks, and reads everything.
func (j *Journal) begin(now time.Time, lost note) error {
	err := j.db.View(func(tx *bbolt.Tx) error {
		state, err := load(tx)
		j.state = state
		return err
	})
	if err != nil {
		return err
	}
	if lost.Text == "" {
		lost.Text = j.state.Lost
	}
	if lost.Text != "" { // until it was told, it counts as found just now
		lost.At = now
		j.state.Lost, j.state.LostAt = lost.Text, lost.At
	}
	err = j.db.Update(func(tx *bbolt.Tx) error { return format(tx, lost) })
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// Load returns the state as Open found it. It is called once, before the first Commit.
func (j *Journal) Load() (pipeline.State, error) {
	state := j.state
	j.state = pipeline.State{}
	return state, nil
}

// Commit writes c in one transaction and returns once it is on disk. Where c names a row both as new and as gone,
// gone wins. An error means that nothing was written.
func (j *Journal) Commit(c pipeline.Commit) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	err := guard(func() error {
		return j.db.Update(func(tx *bbolt.Tx) error { return write(tx, c, j.keep) })
	})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("write journal: %w", err)
	var damaged *damageError
	if errors.As(err, &damaged) {
		j.broken = err // the store may hold its own locks still: the next transaction might never begin
	}
	return err
}

// Close closes the file and lets go of its lock.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return nil
	}
	if err := j.db.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// guard calls f and makes a panic of the store, or a fault of the mapped file, a damageError.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damagef("%v", p)
		}
	}()
	return f()
}
