package agent

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// populate is MADV_POPULATE_READ, which package syscall does not know: it brings all pages of a mapping in.
const populate = 22

func TestTheProgramIsNotResidentAsAWhole(t *testing.T) {
	all, err := programMappings()
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, m := range all {
		if err := m.advise(populate); err != nil {
			t.Fatalf("bring pages in: %v", err)
		}
		size += int64(m.to - m.from)
	}
	before := residentFiles(t)
	if size < 4<<20 || before < size {
		t.Fatalf("%d bytes of code and constants, and %d of files are resident: too little to tell anything by", size, before)
	}
	if err := letGo(); err != nil {
		t.Fatal(err)
	}
	if after := residentFiles(t); before-after < size/2 {
		t.Errorf("%d bytes of files are resident, %d before %d were let go of", after, before, size)
	}
}

// residentFiles is how many bytes of files are in the process's memory.
func residentFiles(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	var kib int64
	_, files, _ := bytes.Cut(status, []byte("RssFile:"))
	if _, err := fmt.Sscan(string(files), &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
