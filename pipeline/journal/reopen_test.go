package journal_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrorwatch/pipeline/journal"
)

// The time of the file tells a later start since when no agent wrote; a start that came to nothing must not move it.
func TestOpeningLeavesTheTimeOfTheLastCommit(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, journal.FileName)
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	for turn := range 2 {
		j, err := journal.Open(dir, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if turn == 0 {
			if err := os.Chtimes(name, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if !info.ModTime().Equal(old) {
		t.Errorf("the file is of %s, was of %s", info.ModTime(), old)
	}
}
