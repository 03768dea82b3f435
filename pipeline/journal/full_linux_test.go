package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline/journal"
)

// A limit on the size of files stands for a full disk: the kernel refuses the same write in the same place.
func TestFullDiskFailsTheCommitAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, storm(2000)) // the limit is on the test's own files too: it must not be small
	info, err := os.Stat(filepath.Join(dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(info.Size()), Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	err = j.Commit(storm(8000))
	if restored := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); restored != nil {
		t.Fatal(restored)
	}
	if err == nil || !strings.Contains(err.Error(), "file too large") {
		t.Fatalf("got %v", err)
	}
	commit(t, j, full(4)) // there is room again
	want := full(4)
	got := reopened(t, j, dir)
	if diff := cmp.Diff(want.Streams, got.Streams); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
}

// A file that is cut under the open journal fails commits; it does not end the process.
func TestFileCutUnderTheJournalFailsCommits(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, full(100))
	if err := os.Truncate(filepath.Join(dir, journal.FileName), 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := j.Commit(full(100)); err == nil {
			t.Error("a commit into nothing succeeded")
		}
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
