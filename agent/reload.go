package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
)

// How the file is watched: nobody is told of its changes on all file systems, so it is read. It must hold still before it is
// taken, or half of what an editor writes would be.
const (
	pollEvery   = 2 * time.Second
	holdStill   = 200 * time.Millisecond
	missedReads = 3                // in a row, until a file that cannot be read is told of: it may be about to be replaced
	askAgain    = 30 * time.Second // for a refused one: what was wrong may have been a file that it names
)

// toldFaults is how many faults of a refused file are told to receivers.
const toldFaults = 5

// ConfigFile is a configuration that is read again while the agent runs.
type ConfigFile struct {
	Path    string
	Environ []string // KEY=value, as at the start
	Notes   []Note   // of the start, which were told
}

// reloader keeps the configuration in force what its file says.
type reloader struct {
	a    *assembly
	file ConfigFile
	log  *slog.Logger

	handled [sha256.Size]byte // what was read when the file was taken or refused last; zero: it was not yet
	missed  int               // reads that failed, in a row
	tried   time.Time         // when that was
	refused string            // what is wrong with the newest content, as told; empty: it is in force
	noted   map[Note]bool     // of what is in force, without their lines
}

func newReloader(a *assembly, file ConfigFile) *reloader {
	r := &reloader{a: a, file: file, log: a.log.With("config", file.Path)}
	r.news(file.Notes)
	return r
}

// news returns the notes that were not told of what was in force before.
func (r *reloader) news(notes []Note) (fresh []Note) {
	before := r.noted
	r.noted = make(map[Note]bool, len(notes))
	for _, note := range notes {
		elsewhere := note // something above it may have come or gone
		elsewhere.Line = 0
		r.noted[elsewhere] = true
		if !before[elsewhere] {
			fresh = append(fresh, note)
		}
	}
	return fresh
}

// run takes a changed file in, until ctx ends. It begins with a look at what changed since the start.
func (r *reloader) run(ctx context.Context, hangups <-chan os.Signal) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-hangups:
			r.load(ctx, true)
		case <-ticker.C:
			if r.changed(ctx) {
				r.load(ctx, false)
			}
		}
	}
}

// changed tells whether the file holds something new, and holds still.
func (r *reloader) changed(ctx context.Context) bool {
	text, err := os.ReadFile(r.file.Path)
	if err != nil {
		r.missed++
		return r.missed == missedReads
	}
	r.missed = 0
	if r.refused != "" && time.Since(r.tried) > askAgain {
		return true
	}
	if sha256.Sum256(text) == r.handled {
		return false
	}
	still := time.NewTimer(holdStill)
	defer still.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-still.C:
	}
	again, err := os.ReadFile(r.file.Path)
	return err == nil && bytes.Equal(text, again)
}

// load puts what the file says in force, or tells why not. Asked for by somebody, it says so in the log in any case.
func (r *reloader) load(ctx context.Context, asked bool) {
	text, err := os.ReadFile(r.file.Path)
	if err != nil {
		r.handled = [sha256.Size]byte{} // when it is back, it is news
		r.refuse(ctx, fmt.Errorf("read configuration: %w", err), asked)
		return
	}
	var changes []string
	config, notes, err := parseConfig(r.file.Path, text, r.file.Environ)
	if err == nil {
		changes, err = r.a.reload(ctx, r.file.Path, config)
	}
	if ctx.Err() != nil {
		return
	}
	r.handled, r.tried = sha256.Sum256(text), time.Now()
	if err != nil {
		r.refuse(ctx, err, asked)
		return
	}
	logNotes(r.log, r.news(notes))
	if len(changes) == 0 && r.refused == "" {
		if !asked {
			return
		}
		r.log.Info("configuration is unchanged: receivers that fail are tried again at once")
		r.a.tryAgain()
		return
	}
	what := strings.Join(changes, ", ")
	if what == "" {
		what = "nothing: it is as before it was faulty"
	}
	r.refused = ""
	r.log.Info("configuration reloaded", "changed", what)
	r.a.stateProblem(time.Time{}, "")
	r.a.committer.ConfigLoaded(time.Now(), what)
}

// refuse tells that the file is not put in force. The same fault is told once.
func (r *reloader) refuse(ctx context.Context, err error, asked bool) {
	if ctx.Err() != nil {
		return
	}
	text := r.inShort(err)
	if text == r.refused && !asked {
		return
	}
	r.log.Error("configuration refused: the one before stays in force", "faults", err.Error())
	if text == r.refused {
		return
	}
	r.refused = text
	now := time.Now()
	r.a.stateProblem(now, text)
	r.a.committer.ConfigRefused(now, text)
}

// inShort tells the first faults; people read it in a message.
func (r *reloader) inShort(err error) string {
	var faults Faults
	if !errors.As(err, &faults) || len(faults) <= toldFaults {
		return err.Error()
	}
	return fmt.Sprintf("%v\nand %d more: mirrorwatch config check %s", faults[:toldFaults], len(faults)-toldFaults, r.file.Path)
}

// stateProblem keeps why the configuration on disk is not in force, for those who ask.
func (a *assembly) stateProblem(now time.Time, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.problem, a.problemAt = text, now
}
