package journal_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// sample returns the bytes of a journal with pages of every kind, its state, and its state before the last commit.
func sample(t testing.TB) (file []byte, state, before pipeline.State) {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, full(60))
	var done pipeline.Commit
	for i := range 30 {
		done.Done = append(done.Done, pipeline.BatchID{Receiver: "ops", Key: fmt.Sprintf("mw-%03d/1", i)})
	}
	long := batch("ops", 999, change(pipeline.Reminded, "mw-000", 2))
	long.Body = bytes.Repeat([]byte("a body longer than a page "), 500)
	done.Batches = append(done.Batches, long)
	commit(t, j, done)
	before = reopened(t, j, dir)
	j = open(t, dir, start)
	commit(t, j, pipeline.Commit{Gone: []pipeline.StreamKey{stream("mw-007").Key}})
	state = reopened(t, j, dir)
	file, err := os.ReadFile(filepath.Join(dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return file, state, before
}

func reopened(t testing.TB, j *journal.Journal, dir string) pipeline.State {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, start)
	defer j.Close()
	return load(t, j)
}

// openBytes opens a journal with these bytes, writes to it, and returns what it loaded.
func openBytes(t testing.TB, file []byte) (pipeline.State, string) {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, journal.FileName), file, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(dir, start)
	if err != nil {
		t.Fatal(err)
	}
	state := load(t, j)
	commit(t, j, full(2))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return state, dir
}

func TestDamagedFileIsSetAsideAndTold(t *testing.T) {
	file, _, _ := sample(t)
	for name, damaged := range map[string][]byte{
		"cut to half":    file[:len(file)/2],
		"cut to a page":  file[:4096],
		"cut in a meta":  file[:60],
		"one byte":       {0},
		"all zero":       make([]byte, len(file)),
		"another format": bytes.Repeat([]byte("not a journal\n"), 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			state, dir := openBytes(t, damaged)
			if len(state.Streams)+len(state.Incidents)+len(state.Outbox) > 0 || !state.LostAt.Equal(start) {
				t.Errorf("state of a fresh journal: %+v", state)
			}
			aside := filepath.Join(dir, journal.FileName+".damaged-20260301T120000Z")
			if kept, err := os.ReadFile(aside); err != nil || !bytes.Equal(kept, damaged) {
				t.Errorf("the damaged file was not kept: %v", err)
			}
			if !strings.Contains(state.Lost, aside) || !strings.Contains(state.Lost, "last written at "+time.Now().UTC().Format("2006-01-02T")) {
				t.Errorf("lost: %s", state.Lost)
			}
		})
	}
}

// Whatever byte falls over, the state is what was committed, or people hear that it is not.
func TestNoFlippedByteGoesUnnoticed(t *testing.T) {
	file, state, before := sample(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 80 {
		damaged := bytes.Clone(file)
		at := random.IntN(len(damaged))
		damaged[at] ^= byte(1 + random.IntN(255))
		got, _ := openBytes(t, damaged)
		if got.Lost != "" {
			got.Lost, got.LostAt = "", time.Time{}
			if len(got.Streams) > 0 && !cmp.Equal(got, before) && !cmp.Equal(got, state) {
				t.Errorf("byte %d: neither set aside nor the state before", at)
			}
			continue
		}
		if diff := cmp.Diff(state, got); diff != "" {
			t.Errorf("byte %d: (-want +got):\n%s", at, diff)
		}
	}
}

func TestPagesOfASoundFileAreAccepted(t *testing.T) {
	file, _, _ := sample(t)
	if doubt, err := journal.Inspect(bytes.NewReader(file), int64(len(file)), true); doubt != "" || err != nil {
		t.Errorf("%s %v", doubt, err)
	}
}

func TestLossIsRememberedUntilAChangeAboutTheAgentIsCommitted(t *testing.T) {
	_, dir := openBytes(t, []byte("damage"))
	later := start.Add(time.Hour)
	j := open(t, dir, later)
	if state := load(t, j); state.Lost == "" || !state.LostAt.Equal(later) {
		t.Errorf("after a restart: %q at %s", state.Lost, state.LostAt)
	}
	told := change(pipeline.Opened, "mw-journal", 1)
	told.Incident.Rule, told.Incident.Subject = pipeline.RuleConfig, pipeline.Subject{}
	commit(t, j, pipeline.Commit{Changes: []pipeline.Change{told}})
	told.Incident.Rule = pipeline.RuleJournal
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, later)
	if load(t, j).Lost == "" {
		t.Error("forgotten with another of the agent's incidents")
	}
	commit(t, j, pipeline.Commit{Changes: []pipeline.Change{told}})
	if state := reopened(t, j, dir); state.Lost != "" {
		t.Errorf("after it was told: %q", state.Lost)
	}
}

func TestSecondDamageInOneSecondKeepsBothFiles(t *testing.T) {
	_, dir := openBytes(t, []byte("damage"))
	if err := os.WriteFile(filepath.Join(dir, journal.FileName), []byte("more"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir, start)
	if kept, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*")); len(kept) != 2 {
		t.Errorf("kept %q", kept)
	}
}

func FuzzInspect(f *testing.F) {
	file, _, _ := sample(f)
	f.Add(uint32(0), []byte{})
	f.Add(uint32(4096), []byte{255})
	f.Fuzz(func(t *testing.T, at uint32, over []byte) {
		damaged := bytes.Clone(file)
		copy(damaged[int(at)%len(damaged):], over)
		_, _ = journal.Inspect(bytes.NewReader(damaged), int64(len(damaged)), len(over)%2 == 0)
	})
}
