package main

import (
	"os"
	"testing"
	"time"
)

func TestProcessesAreReadFromOutside(t *testing.T) {
	m, err := memoryOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if m.anon <= 0 || m.file <= 0 || m.resident < m.anon+m.file || m.most < m.resident {
		t.Errorf("memory %+v does not add up", m)
	}
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; {
		after, err := cpuOf(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after > before {
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatal("no CPU time passes")
		}
	}
}
