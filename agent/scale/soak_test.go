package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mirrorwatch/agent/internal/measure"
)

func TestWhatGrowsInASoakIsOver(t *testing.T) {
	s := &soak{}
	for n := range 60 {
		x := sample{past: time.Duration(n) * time.Minute, memory: measure.Memory{Anon: 20 << 20}, goal: 10 << 20, goroutines: 40, descriptors: 15, files: 4 << 20}
		if n >= 40 { // the last third
			x.memory.Anon, x.goroutines, x.descriptors = 23<<20, 43, 15
		}
		s.taken = append(s.taken, x)
	}
	s.taken[50].files = 17 << 20
	s.taken[59].opened, s.taken[59].ended = 5, 4
	var out bytes.Buffer
	if over := printAims(&out, s.aims()); over != 4 {
		t.Errorf("%d figures are over, want 4:\n%s", over, &out)
	}
	for _, line := range []string{
		"| memory of its own, the last third by the middle one | 1.15 times | 1.1 | OVER |",
		"| heap goal, the last third by the middle one | 1 times | 1.1 | ok |",
		"| goroutines, the last third by the middle one | 1.07 times | 1.05 | OVER |",
		"| file descriptors, the last third by the middle one | 1 times | 1.05 | ok |",
		"| files in data_dir at most | 17 MiB | 16 | OVER |",
		"| incidents whose end the receiver was not told | 1 | 0 | OVER |",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("want %q in:\n%s", line, &out)
		}
	}
}
