package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
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

func TestPagesThatAreWrittenAgainAndAgainTakeNoMoreRoom(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	write := func(times int) int64 {
		for n := range times {
			var c pipeline.Commit
			for number := range 20 {
				c.Proofs = append(c.Proofs, page(number, strings.Repeat("p", 10_000+(number+n)%7*500)))
			}
			commit(t, j, c)
		}
		return size(t, dir)
	}
	if first, last := write(10), write(100); last > first {
		t.Errorf("%d bytes after 10 commits, %d after 110", first, last)
	}
	verified(t, j, dir)
	if n := len(load(t, open(t, dir, start)).Proofs); n != 20 {
		t.Errorf("%d pages", n)
	}
}
