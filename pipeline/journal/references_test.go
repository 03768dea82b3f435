package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// storm is n incidents that open at once, and one row for each receiver with all of them.
func storm(n int, receivers ...string) pipeline.Commit {
	var c pipeline.Commit
	for i := range n {
		opened := change(pipeline.Opened, fmt.Sprintf("mw-%08x", uint32(i)*2654435761), 1)
		opened.Incident.Detail = "nats: no responders available for request"
		opened.Incident.Diagnosis = pipeline.Diagnosis{
			Cause: pipeline.CauseLinkDown, Sure: pipeline.Likely,
			Because: []string{"412 links over one gateway fell silent within 2 s", "gateway hub to dr is down since 12:00:01 UTC"},
			Next:    []pipeline.Step{{Do: "see whether the gateway is up", Command: "nats --context dr server report gateways"}},
		}
		c.Changes = append(c.Changes, opened)
	}
	for i, r := range receivers {
		c.Batches = append(c.Batches, batch(r, uint64(i), c.Changes...))
	}
	return c
}

func size(t testing.TB, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestAChangeIsStoredOnceHoweverManyReceiversWaitForIt(t *testing.T) {
	var sizes []int64
	for _, receivers := range [][]string{{}, {"ops", "oncall", "slack"}} {
		dir := t.TempDir()
		j := open(t, dir, start)
		c := storm(700, receivers...)
		commit(t, j, c)
		frozen := c.Batches
		for i := range frozen {
			frozen[i].Attempts, frozen[i].Body = 1, []byte("{}")
		}
		commit(t, j, pipeline.Commit{Batches: frozen})
		sizes = append(sizes, size(t, dir))
		if diff := cmp.Diff(frozen, reopened(t, j, dir).Outbox); diff != "" {
			t.Errorf("outbox (-want +got):\n%s", diff)
		}
	}
	if sizes[1] > sizes[0]+sizes[0]/5 {
		t.Errorf("%d bytes with three receivers, %d without", sizes[1], sizes[0])
	}
}

// What the audit does not hold as it is goes with the row: a reminder has the key of the change that it repeats.
func TestRowsOfRemindersAndOfUnknownChangesComeBack(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	c := storm(5, "ops")
	commit(t, j, c)
	reminded := c.Changes[3]
	reminded.Kind, reminded.At = pipeline.Reminded, start.Add(time.Hour)
	unknown := change(pipeline.Opened, "mw-unknown", 1)
	mixed := batch("oncall", 7, c.Changes[4], c.Changes[0], c.Changes[1], reminded, unknown, c.Changes[2])
	commit(t, j, pipeline.Commit{Batches: []pipeline.Batch{mixed}})
	again := batch("late", 8, c.Changes[1])
	commit(t, j, pipeline.Commit{Batches: []pipeline.Batch{again}, Done: []pipeline.BatchID{c.Batches[0].BatchID}})
	want := []pipeline.Batch{mixed, again}
	if diff := cmp.Diff(want, reopened(t, j, dir).Outbox); diff != "" {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
	j = open(t, dir, start)
	last := batch("last", 9, c.Changes[1], c.Changes[2])
	commit(t, j, pipeline.Commit{Batches: []pipeline.Batch{last}, Merged: []pipeline.BatchID{mixed.BatchID}})
	if diff := cmp.Diff([]pipeline.Batch{again, last}, reopened(t, j, dir).Outbox); diff != "" {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
}

// BenchmarkCommitStorm commits ten thousand changes with a row for each of three receivers.
func BenchmarkCommitStorm(b *testing.B) {
	c := storm(10_000, "ops", "oncall", "slack")
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		j := open(b, dir, start)
		b.StartTimer()
		commit(b, j, c)
		b.StopTimer()
		b.ReportMetric(float64(size(b, dir)), "file-bytes")
		_ = j.Close()
		b.StartTimer()
	}
}

// BenchmarkCompact writes a journal of about 100 MB anew.
func BenchmarkCompact(b *testing.B) {
	dir := b.TempDir()
	j := open(b, dir, start)
	for range 5 {
		commit(b, j, storm(10_000))
	}
	b.ReportMetric(float64(size(b, dir)), "file-bytes")
	for b.Loop() {
		if err := j.Compact(); err != nil {
			b.Fatal(err)
		}
	}
}
