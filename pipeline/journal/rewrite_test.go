package journal_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// killVariable tells a process of this test binary to open a journal, and to kill itself at a stage of what follows.
const killVariable = "JOURNAL_KILL"

func TestMain(m *testing.M) {
	if dir, stage, ok := strings.Cut(os.Getenv(killVariable), ":"); ok {
		_, err := journal.OpenTelling(dir, start, func(now string) {
			if now == stage {
				self, _ := os.FindProcess(os.Getpid())
				_ = self.Kill() // SIGKILL
				select {}
			}
		})
		fmt.Fprintln(os.Stderr, "not killed:", err)
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// killAt opens the journal in a process that is killed at a stage.
func killAt(t *testing.T, dir, stage string) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "-test.run=^$")
	c.Env = append(os.Environ(), killVariable+"="+dir+":"+stage)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("the process was not killed: %v\n%s", err, out)
	}
}

// wasteful makes a journal that is mostly free space, and returns its state.
func wasteful(t *testing.T, dir string) pipeline.State {
	t.Helper()
	j := open(t, dir, start)
	j.SetRetention(journal.Options{Size: 100_000})
	commit(t, j, full(5))
	c := storm(3000)
	for i := range c.Changes {
		c.Changes[i].Incident.Detail = strings.Repeat("a long error ", 500)
	}
	commit(t, j, c)
	for i := range c.Changes {
		c.Changes[i].Kind = pipeline.Resolved
		c.Changes[i].Incident.Ended = start
	}
	commit(t, j, pipeline.Commit{Changes: c.Changes})
	for range 60 {
		commit(t, j, pipeline.Commit{Events: []pipeline.Event{{At: start, Kind: pipeline.EventReloaded}}})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.OpenReader(dir) // which makes nothing smaller
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var s pipeline.State
	s.Streams, err = r.Streams()
	if err != nil {
		t.Fatal(err)
	}
	s.Incidents, err = r.Incidents()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A process that is killed at any point of a compaction leaves the state whole, and nothing else for long.
func TestKilledCompactionLeavesAWholeJournal(t *testing.T) {
	dir := t.TempDir()
	want := wasteful(t, dir)
	large := size(t, dir)
	file, err := os.ReadFile(filepath.Join(dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range journal.Stages() {
		t.Run(stage, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, journal.FileName), file, 0o600); err != nil {
				t.Fatal(err)
			}
			killAt(t, dir, stage)
			before, err := journal.Verify(dir)
			if err != nil || before.Status != journal.Good {
				t.Errorf("after the kill: %s %v", before, err)
			}
			j := open(t, dir, start)
			state := load(t, j)
			if state.Lost != "" || len(state.Outbox) != 10 || !cmp.Equal(state.Streams, want.Streams) || !cmp.Equal(state.Incidents, want.Incidents) {
				t.Errorf("state: %s %d rows, %d streams, %d incidents", state.Lost, len(state.Outbox), len(state.Streams), len(state.Incidents))
			}
			if files, _ := os.ReadDir(dir); len(files) != 1 || size(t, dir) > large/4 {
				t.Errorf("%v, %d bytes of %d", files, size(t, dir), large)
			}
			commit(t, j, full(7))
			if after := verified(t, j, dir); after.Verified.Number <= before.Verified.Number {
				t.Errorf("before %s, after %s", before, after)
			}
		})
	}
}

func TestAJournalIsCompactedInUse(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, storm(3000, "ops"))
	c := storm(3000, "ops")
	commit(t, j, pipeline.Commit{Done: []pipeline.BatchID{c.Batches[0].BatchID}})
	head, err := j.Head()
	if err != nil {
		t.Fatal(err)
	}
	large := size(t, dir)
	if err := j.Compact(); err != nil {
		t.Fatal(err)
	}
	if now, err := j.Head(); err != nil || now != head || size(t, dir) > large {
		t.Errorf("head %+v, was %+v; %d bytes of %d: %v", now, head, size(t, dir), large, err)
	}
	if _, err := journal.Open(dir, start); err == nil || !strings.Contains(err.Error(), "already uses") {
		t.Errorf("a second agent: %v", err)
	}
	commit(t, j, full(2))
	if n := len(reopened(t, j, dir).Incidents); n != 3002 {
		t.Errorf("%d incidents", n)
	}
}

// Where there is no room for another file, the old one does.
func TestAFailedCompactionChangesNothing(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, full(3))
	if err := os.MkdirAll(filepath.Join(dir, journal.FileName+".rewriting", "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := j.Compact(); err == nil {
		t.Error("compacted")
	}
	commit(t, j, full(4))
	if n := len(reopened(t, j, dir).Streams); n != 4 {
		t.Errorf("%d streams", n)
	}
}
