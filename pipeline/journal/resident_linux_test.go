package journal_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorwatch/pipeline/journal"
)

// What was read and written once does not stay in the process's memory.
func TestTheFileIsNotResident(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, start)
	commit(t, j, full(5000))
	info, err := os.Stat(filepath.Join(dir, journal.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Streams(); err != nil { // reads pages of the file: the figure is one that can be too large
		t.Fatal(err)
	}
	read := residentOf(t, dir)
	commit(t, j, full(1))
	if kept := residentOf(t, dir); read < 1<<20 || kept > read/4 {
		t.Errorf("of a file of %d bytes, %d are resident, %d after it was read", info.Size(), kept, read)
	}
	reopened(t, j, dir)
}

// residentOf is how many bytes of the journal's file are in the process's memory.
func residentOf(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	of := false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		if first, _, _ := strings.Cut(line, " "); !strings.HasSuffix(first, ":") {
			of = strings.Contains(line, filepath.Join(dir, journal.FileName))
		}
		var kib int64
		if _, err := fmt.Sscanf(line, "Rss: %d kB", &kib); err == nil && of {
			bytes += kib << 10
		}
	}
	return bytes
}
