package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mirrorwatch/agent/internal/measure"
	"mirrorwatch/pipeline"
)

func TestLimitsAreSpread(t *testing.T) {
	l := likeness{Least: time.Minute, Most: 10 * time.Minute, FailLeast: time.Minute, FailMost: 2 * time.Minute}
	count := map[time.Duration]int{}
	for n := range 9000 {
		limit, most := l.of(n), l.Most
		if failing(n) {
			most = l.FailMost
			count[limit]++
		}
		if limit < time.Minute || limit > most || limit%time.Second != 0 {
			t.Fatalf("stream %d has a limit of %s, want whole seconds from 1m to %s", n, limit, most)
		}
	}
	for limit, n := range count {
		if n < 36 || n > 37 {
			t.Errorf("%d streams that fail have a limit of %s, want 2250 spread over 61 limits", n, limit)
		}
	}
}

func TestFiguresAreHeldToTheirAims(t *testing.T) {
	rows := []row{
		{what: whatRaw, size: hello{Links: 10_000, Streams: 9000}, rounds: 2, cpu: 18 * time.Millisecond},
		{what: whatRounds, size: hello{Links: 10_000, Streams: 9000}, rounds: 2, cpu: 180 * time.Millisecond, memory: measure.Memory{Resident: 29 << 20}},
		{what: whatOTLP, size: hello{Links: 10_000, Streams: 9000}, rounds: 2, cpu: time.Second, export: true, memory: measure.Memory{Resident: 46 << 20}},
	}
	var out bytes.Buffer
	over := printAims(&out, aimsOf(rows))
	if over != 2 {
		t.Errorf("%d figures are over, want 2:\n%s", over, &out)
	}
	for _, line := range []string{
		"| 10000 links, agent, rounds: CPU a stream and round | 10 µs | 8 | OVER |",
		"| 10000 links, agent, rounds: resident memory | 29 MiB | 30 | ok |",
		"| 10000 links, agent, and OTLP: resident memory | 46 MiB | 45 | OVER |",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no line %q in\n%s", line, &out)
		}
	}
	if err := judge(&out, aimsOf(rows), true); err == nil {
		t.Error("no error with --check")
	}
	if err := judge(&out, aimsOf(rows), false); err != nil {
		t.Errorf("without --check: %v", err)
	}
}

func TestFindingsCountFromTheLastProof(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	heard := at.Add(-300 * time.Millisecond)
	f := newFinding([]failure{
		{Stream: "A", Links: 1, Limit: time.Minute, At: at, Heard: map[string]time.Time{"O": heard}},
		{Stream: "B", Links: 1, Limit: time.Minute, At: at, Heard: map[string]time.Time{"O": heard}},
	})
	proof := at.Add(-10 * time.Second)
	told := func(stream, rule string, after time.Duration) page {
		opened := proof.Add(time.Minute + after)
		line := pipeline.Line{Time: opened, Change: pipeline.Opened, Rule: rule, Stream: stream, Origin: "O"}
		return page{Line: line, Since: proof, at: opened.Add(30 * time.Millisecond)}
	}
	f.arrived([]page{
		told("A", "not-copying", 0), told("A", "seen", 5*time.Millisecond), told("A", "seen", time.Second), told("C", "seen", 0),
	})
	opened := proof.Add(time.Minute)
	f.count(map[string][]time.Time{"A": {opened.Add(-3 * time.Second), opened.Add(-time.Second), opened.Add(time.Second)}})
	if len(f.told) != 1 || f.other != 1 || f.early != 0 || f.questions != 2 {
		t.Errorf("told %d, others %d, early %d, questions %d; want 1, 1, 0, 2", len(f.told), f.other, f.early, f.questions)
	}
	if opened, handed, older := f.opened[0], f.handed[0], f.older[0]; opened != 5 || handed != 35 || older != 9700 {
		t.Errorf("opened %v ms late, handed %v, proof older by %v; want 5, 35, 9700", opened, handed, older)
	}
	missing := f.aims(0)[0]
	if missing.value != 1 || missing.most != 0 {
		t.Errorf("links that were not told of: %+v, want 1", missing)
	}
}

func TestPagesThatOthersFetchedAreNoRounds(t *testing.T) {
	w := watcher{bench: &bench{size: hello{Streams: 900}}, base: tally{Listed: 256, Names: 3}, row: &row{}}
	if got := w.rounds(tally{Listed: 256 + 2*900, Names: 4}); got != 2 {
		t.Errorf("%v rounds, want 2", got)
	}
	w.row.way = wayNames
	if got := w.rounds(tally{Listed: 256 + 2*900, Names: 4}); got != 1 {
		t.Errorf("%v rounds by names, want 1", got)
	}
}
