package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// TestMain is main too, for the parts that tests start of this binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A mirror whose origin is lost in a restart shows what it never shows while its origin is there: the trap is real.
func TestRestartHidesADeadMirror(t *testing.T) {
	s, err := openScene(t.Context(), &measure.Console{Name: "compare", Log: t.Output()}, t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.far.End()
	s.far = nil
	if err := s.restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	told, err := s.asTheServerTells(t.Context())
	if err != nil || told != "lag 0, active -1" {
		t.Errorf("the server says %q, %v; want lag 0, active -1, and no error", told, err)
	}
	loop := t.TempDir() + "/plainloop"
	if err := measure.Build(t.Context(), t.Output(), "mirrorwatch/agent/compare/plainloop", loop); err != nil {
		t.Fatal(err)
	}
	done, err := measure.Run(exec.CommandContext(t.Context(), loop, s.at.URL))
	if err != nil {
		t.Fatal(err)
	}
	found, err := verdictsOfLoop(done.Stdout)
	if err != nil || found.caught || found.ok != 2 || found.wrong != 0 || !strings.Contains(found.dead, "active -1ns") {
		t.Errorf("the loop said %q, %v; want three lines that are ok", done.Stdout, err)
	}
	var bytes int64
	if err := s.near.Ask(measure.Order{Do: "traffic"}, &bytes); err != nil || bytes < 5*500 {
		t.Errorf("clients got %d bytes of the server, %v; want more than five answers", bytes, err)
	}
}

func TestVerdictsOfACheck(t *testing.T) {
	found, err := verdictsOfCheck(`{"links": [
		{"stream": "MIRROR_DEAD", "status": "critical", "reason": "silent", "silent_for_seconds": 73.21, "detail": "link down"},
		{"stream": "MIRROR_000001", "status": "ok", "silent_for_seconds": 0.5},
		{"stream": "MIRROR_000002", "status": "unknown", "silent_for_seconds": null}]}`)
	want := verdicts{dead: "critical, silent, silent for 73 s: link down", caught: true, ok: 1, wrong: 1}
	if err != nil || found != want {
		t.Errorf("got %+v, %v; want %+v", found, err, want)
	}
}

func TestTableTellsWhoMissedTheDeadMirror(t *testing.T) {
	var out bytes.Buffer
	printAct(&out, "Act", "The server says nothing.", []row{
		{
			name: "one", times: 3, wall: 12 * time.Second, cpu: 345 * time.Millisecond, server: 1500 * time.Microsecond, bytes: 1 << 20, memory: 20 << 20, after: time.Minute,
			found: verdicts{dead: "critical, silent", caught: true, ok: 998, wrong: 1},
		},
		{name: "two", times: 1, found: verdicts{dead: "OK | lag=0", ok: 999}},
	})
	for _, line := range []string{
		"| one | 12.0 s | 345.0 ms | 1.5 ms | 1024 | 20 | 3 |\n",
		"| one | found | `critical, silent` | 998, 1 | 60.0 s |\n",
		"| two | MISSED | `OK ¦ lag=0` | 999, 0 | 0.0 ms |\n",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no line %q in\n%s", line, &out)
		}
	}
}
