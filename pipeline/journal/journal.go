// Package journal keeps the agent's state and its audit in one bbolt file, mirrorwatch.db.
//
// A commit is one fsynced transaction. Values are JSON behind a checksum (rows.go), the file's pages are examined
// before bbolt maps them (inspect.go), and a file that does not hold together is set aside and told of (damage.go). The
// records of the audit are chained by hash (chain.go) and checked by Verify; docs/audit.md has the rule.
package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
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
	reading
	path  string
	step  func(stage string) // told of each stage of a rewriting
	state pipeline.State     // as found by Open, until Load hands it out

	keep atomic.Pointer[Options]

	mu sync.Mutex // held by what writes
	index
}

// Open opens the journal in dir, making both where they do not exist. It fails if another process uses it, if it
// cannot be written, or if a newer version wrote it. A damaged file is renamed to mirrorwatch.db.damaged-TIME, and a
// fresh one is begun whose state says in Lost what became of the old one, as found at now. A file of an older format is
// converted, and one that is mostly free space is made smaller.
func Open(dir string, now time.Time) (*Journal, error) {
	return openDir(dir, now, func(string) {})
}

func openDir(dir string, now time.Time, step func(stage string)) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data_dir: %w", err)
	}
	path := filepath.Join(dir, FileName)
	j, err := open(path, now, note{}, step)
	var damaged *damageError
	if !errors.As(err, &damaged) {
		return j, err
	}
	lost, err := setAside(path, damaged, now)
	if err != nil {
		return nil, err
	}
	return open(path, now, lost, step)
}

func open(path string, now time.Time, lost note, step func(stage string)) (*Journal, error) {
	db, found, err := openFile(path, false)
	switch {
	case errors.Is(err, errLocked):
		return nil, fmt.Errorf("another mirrorwatch already uses data_dir %s", filepath.Dir(path))
	case err != nil:
		return nil, fmt.Errorf("open journal: %w", err)
	}
	_ = os.Remove(path + rewriting) // left by a process that was killed
	j := &Journal{reading: reading{db: db}, path: path, step: step}
	j.SetRetention(Options{})
	if found.doubt != "" {
		lost = note{Text: found.doubt, At: now}
	}
	if err := guard(func() error { return j.begin(now, lost) }); err != nil {
		return nil, errors.Join(err, j.db.Close())
	}
	if found.wasteful() {
		_ = j.Compact() // the larger file does as well
	}
	letGo(j.db) // all of it was read
	return j, nil
}

// begin makes what a fresh file lacks, and reads everything.
func (j *Journal) begin(now time.Time, lost note) error {
	if err := j.convert(); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	fresh := false
	err := j.db.View(func(tx *bbolt.Tx) (err error) {
		fresh = empty(tx)
		j.state, j.index, err = load(tx, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if lost.Text == "" {
		lost.Text = j.state.Lost
	}
	if lost.Text != "" { // until it was told, it counts as found just now
		lost.At = now
		j.state.Lost, j.state.LostAt = lost.Text, lost.At
	} else if !fresh {
		return nil // the file's time stays that of the last commit, whatever becomes of this start
	}
	err = j.db.Update(func(tx *bbolt.Tx) error { return format(tx, lost) })
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// Load returns the state as Open found it, with silences that ended less than a day ago. It is called once, before the
// first Commit.
func (j *Journal) Load() (pipeline.State, error) {
	state := j.state
	j.state = pipeline.State{}
	return state, nil
}

// Commit writes c in one transaction and returns once it is on disk. Where c names a row both as new and as gone,
// gone wins. The audit takes in its events, then those that follow from its streams, its changes, its attempts. An error
// means that nothing was written.
func (j *Journal) Commit(c pipeline.Commit) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	var next *delta
	err := guard(func() error {
		return j.db.Update(func(tx *bbolt.Tx) error {
			return alter(tx, func(s *tables) error {
				w := newWriter(s, &c, &j.index)
				next = &w.next
				return w.write(*j.keep.Load())
			})
		})
	})
	if err != nil {
		return j.failed(fmt.Errorf("write journal: %w", err))
	}
	j.apply(next)
	letGo(j.db)
	return nil
}

// failed keeps err where the store may hold its own locks still: the next transaction might never begin.
func (j *Journal) failed(err error) error {
	var damaged *damageError
	if errors.As(err, &damaged) {
		j.swap.Lock()
		defer j.swap.Unlock()
		j.broken = err
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
