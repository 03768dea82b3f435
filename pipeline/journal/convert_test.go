package journal_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// formatOne puts a journal in a folder that mirrorwatch wrote before its audit was chained: four incidents, of which
// one ended; three batches wait at the receiver slack and three at ops, one of them frozen. The two oldest records are removed.
func formatOne(t *testing.T) (dir string) {
	t.Helper()
	return unpacked(t, "format1.db.gz")
}

// formatTwo puts a journal in a folder that mirrorwatch wrote before it kept proofs in pages: full(3), without pages.
func formatTwo(t *testing.T) (dir string) {
	t.Helper()
	return unpacked(t, "format2.db.gz")
}

func unpacked(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	packed, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, journal.FileName), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFormatOneIsConverted(t *testing.T) {
	dir := formatOne(t)
	if _, err := journal.Verify(dir); err == nil {
		t.Error("verified before it was converted")
	}
	j := open(t, dir, start.Add(2*time.Minute))
	s := load(t, j)
	var got []string
	for _, i := range s.Incidents {
		got = append(got, "open "+i.ID)
	}
	for _, i := range s.Ended {
		got = append(got, "ended "+i.ID)
	}
	for _, b := range s.Outbox {
		got = append(got, fmt.Sprintf("row %s %s %d %s %s", b.Receiver, b.Changes[0].Key(), b.Attempts, b.Body, b.Changes[0].Incident.Reason))
	}
	for _, g := range s.Groups {
		got = append(got, fmt.Sprintf("group %s %s %s %v", g.Receiver, g.Group, g.Receipt, g.Open))
	}
	want := []string{
		"open mw-000", "open mw-002", "open mw-003", "ended mw-001",
		"row ops mw-001/1 0  silent",
		`row ops mw-002/1 1 {"text":"frozen"} silent`, "row slack mw-002/1 0  silent", "row ops mw-003/1 0  silent",
		"row slack mw-003/1 0  silent", "row slack mw-001/2 0  silent",
		"group ops mw-000  [mw-000]", "group slack mw-000 C1/1 [mw-000]",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(s.Streams) != 4 || s.Lost != "" {
		t.Errorf("%d streams, %s (-want +got):\n%s", len(s.Streams), s.Lost, diff)
	}
	records := told(t, j)
	if len(records) != 8 || records[0] != "3 opened mw-002/1" || records[6] != "9 retry mw-002/1" || records[7] != "10 pruned" {
		t.Errorf("audit: %q", records)
	}
	commit(t, j, pipeline.Commit{Done: []pipeline.BatchID{s.Outbox[0].BatchID}})
	verified(t, j, dir)
	if again := load(t, open(t, dir, start)); len(again.Outbox) != 5 {
		t.Errorf("%d rows after a restart", len(again.Outbox))
	}
}

func TestFormatTwoGetsPages(t *testing.T) {
	dir := formatTwo(t)
	if _, err := journal.OpenReader(dir); err == nil || !strings.HasSuffix(err.Error(), "has format 2: the agent converts it when it starts") {
		t.Errorf("read before it was converted: %v", err)
	}
	j := open(t, dir, start)
	want, got := full(3), load(t, j)
	if diff := cmp.Diff(want.Streams, got.Streams); diff != "" || len(got.Incidents) != 3 || len(got.Outbox) != 6 || len(got.Proofs) != 0 || got.Lost != "" {
		t.Errorf("state %+v (-want +got):\n%s", got, diff)
	}
	commit(t, j, pipeline.Commit{Proofs: want.Proofs})
	if r := verified(t, j, dir); r.Records != 6 {
		t.Errorf("%d records of 6", r.Records)
	}
	if diff := cmp.Diff(want.Proofs, load(t, open(t, dir, start)).Proofs); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestAKilledConversionIsMadeAnew(t *testing.T) {
	for _, stage := range journal.Stages() {
		t.Run(stage, func(t *testing.T) {
			dir := formatOne(t)
			killAt(t, dir, stage)
			j := open(t, dir, start)
			if s := load(t, j); len(s.Outbox) != 6 || len(s.Incidents) != 3 || s.Lost != "" {
				t.Errorf("state: %+v", s)
			}
			verified(t, j, dir)
		})
	}
}
