package journal_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// attempts commits records that nothing needs, one at each of n times.
func attempts(t testing.TB, j *journal.Journal, n int, from time.Time, every time.Duration) {
	t.Helper()
	for i := range n {
		commit(t, j, pipeline.Commit{Attempts: []pipeline.Attempt{
			{Number: i, At: from.Add(time.Duration(i) * every), Error: strings.Repeat("x", 200)},
		}})
	}
}

func verified(t testing.TB, j *journal.Journal, dir string) journal.Result {
	t.Helper()
	var export bytes.Buffer
	if err := j.Export(&export, 0); err != nil {
		t.Fatal(err)
	}
	exported, err := journal.VerifyExport(&export)
	if err != nil || exported.Status != journal.Good {
		t.Fatalf("export: %s %v", exported, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	result, err := journal.Verify(dir)
	if err != nil || result.Status != journal.Good {
		t.Fatalf("file: %s %v", result, err)
	}
	if result != exported {
		t.Errorf("file %+v, export %+v", result, exported)
	}
	return result
}

func TestAuditIsBoundedByAge(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	j.SetRetention(journal.Options{Age: 100 * time.Hour})
	attempts(t, j, 300, start, time.Hour)
	var oldest, count int
	err := j.Records(0, func(r pipeline.Record) error {
		if r.Attempt != nil && count == 0 {
			oldest = r.Attempt.Number
			count++
		}
		return nil
	})
	if err != nil || oldest < 195 || oldest > 199 {
		t.Errorf("oldest is %d: %v", oldest, err)
	}
	if r := verified(t, j, dir); r.Checkpoint.Number < 195 || r.Verified.Number < 300 {
		t.Errorf("%+v", r)
	}
	j = open(t, dir, start.Add(300*time.Hour)) // goes on after a restart
	j.SetRetention(journal.Options{Age: 50 * time.Hour})
	attempts(t, j, 1, start.Add(301*time.Hour), 0)
	if n := len(told(t, j)); n > 80 {
		t.Errorf("%d records", n)
	}
	verified(t, j, dir)
}

func TestAuditIsBoundedBySize(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	j.SetRetention(journal.Options{Size: 100_000})
	attempts(t, j, 1500, start, time.Second)
	if n := len(told(t, j)); n < 150 || n > 300 {
		t.Errorf("%d records of about 350 bytes", n)
	}
	verified(t, j, dir)
}

func TestOpenAndUndeliveredChangesOutliveTheBounds(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	j.SetRetention(journal.Options{Size: 50_000})
	lasting, late, over := change(pipeline.Opened, "mw-open", 1), change(pipeline.Opened, "mw-late", 1), change(pipeline.Opened, "mw-over", 1)
	ended := func(id string) pipeline.Change { return change(pipeline.Resolved, id, 2) }
	waiting := batch("ops", 1, late, ended("mw-late"))
	commit(t, j, pipeline.Commit{
		Changes: []pipeline.Change{lasting, late, over, ended("mw-late"), ended("mw-over")}, Batches: []pipeline.Batch{waiting},
	})
	attempts(t, j, 500, start, time.Second)
	want := []string{"1 opened mw-open/1", "2 opened mw-late/1", "4 resolved mw-late/2"}
	if got := told(t, j); fmt.Sprint(got[:3]) != fmt.Sprint(want) || strings.Contains(strings.Join(got, "\n"), "mw-over") {
		t.Errorf("kept %q, want %q", got[:5], want)
	}
	verified(t, j, dir)
	j = open(t, dir, start)
	if state := load(t, j); len(state.Outbox) != 1 || len(state.Outbox[0].Changes) != 2 || len(state.Incidents) != 1 {
		t.Errorf("state: %+v", state)
	}
	commit(t, j, pipeline.Commit{Done: []pipeline.BatchID{waiting.BatchID}})
	commit(t, j, pipeline.Commit{Changes: []pipeline.Change{ended("mw-open")}})
	commit(t, j, pipeline.Commit{Changes: []pipeline.Change{lasting, ended("mw-open")}})
	if n := journal.Left(j); n != 0 {
		t.Errorf("%d records are kept for nothing", n)
	}
	verified(t, j, dir)
}

// A clock that is ahead for a moment makes the whole audit old: what it wrote then goes, and no more than a step of the rest.
func TestClockThatWasAheadRemovesNoMoreThanAStep(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	attempts(t, j, 1500, start, time.Second)
	attempts(t, j, 1, start.Add(10_000*time.Hour), 0)
	attempts(t, j, 200, start.Add(time.Hour), time.Second)
	if n := len(told(t, j)); n < 1100 {
		t.Errorf("%d records are left of 1701", n)
	}
	verified(t, j, dir)
}

func TestRetentionIsSetWhileSomethingIsWritten(t *testing.T) {
	set := make(chan struct{})
	var j *journal.Journal
	dir := t.TempDir()
	j, err := journal.OpenTelling(dir, start, func(string) {
		select {
		case <-set:
			return
		default:
		}
		j.SetRetention(journal.Options{Age: time.Hour})
		close(set)
	})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, j, full(5))
	if err := j.Compact(); err != nil {
		t.Error(err)
	}
	select {
	case <-set:
	default:
		t.Error("nothing was written")
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
