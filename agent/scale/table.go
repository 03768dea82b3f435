package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mirrorwatch/agent/internal/measure"
)

type writer = io.Writer

// What is measured.
const (
	whatRaw     = "fetching alone"
	whatRounds  = "agent, rounds"
	whatOrigins = "agent, and origins"
	whatSystem  = "agent, system scope"
	whatOTLP    = "agent, and OTLP"
)

// row is what was measured of one process over some rounds.
type row struct {
	what   string
	way    string // in which the agent asks for everything; empty: it does not tell
	size   hello
	rounds float64
	export bool

	cpu     time.Duration
	wall    time.Duration // of one round
	bytes   int64
	mallocs float64
	counted bool // mallocs is known
	memory  measure.Memory
	single  int64 // questions about single streams
	origins int64 // and about origins

	points, exports, exported int64 // OTLP points, requests and bytes
}

// micros is CPU time a stream and round, in µs.
func (r *row) micros() float64 {
	return float64(r.cpu.Nanoseconds()) / 1e3 / r.rounds / float64(r.size.Streams)
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func printRows(to writer, rows []row) {
	fmt.Fprintln(to, "| links | streams | | CPU µs a stream and round | wall of a round | bytes a stream | allocations a stream | resident MiB (own + files), most ever | looks beside a round: streams, origins |")
	fmt.Fprintln(to, "|---|---|---|---|---|---|---|---|---|")
	for k := range rows {
		r := &rows[k]
		each := r.rounds * float64(r.size.Streams)
		mallocs := "?"
		if r.counted {
			mallocs = fmt.Sprintf("%.2f", r.mallocs/each)
		}
		fmt.Fprintf(to, "| %d | %d | %s | %.1f | %d ms | %.0f | %s | %.0f (%.0f + %.0f), %.0f | %.0f, %.0f |\n",
			r.size.Links, r.size.Streams, r.name(), r.micros(), r.wall.Milliseconds(), float64(r.bytes)/each, mallocs,
			mib(r.memory.Resident), mib(r.memory.Anon), mib(r.memory.File), mib(r.memory.Most),
			float64(r.single)/r.rounds, float64(r.origins)/r.rounds)
	}
	for k := range rows {
		if r := &rows[k]; r.exports > 0 {
			fmt.Fprintf(to, "\n%d links: the collector took %d points in %d requests, %.1f bytes a point on the wire.\n",
				r.size.Links, r.points, r.exports, float64(r.exported)/float64(r.points))
		}
	}
}

func (r *row) name() string {
	if r.way == "" {
		return r.what
	}
	return r.what + " (" + r.way + ")"
}

// aim is a figure and what it may be at most.
type aim struct {
	what  string
	value float64
	most  float64
	unit  string
}

// aimsOf says what rows of one size are held to.
func aimsOf(rows []row) []aim {
	var aims []aim
	var raw *row
	for k := range rows {
		r := &rows[k]
		about := fmt.Sprintf("%d links, %s: ", r.size.Links, r.what)
		switch {
		case r.what == whatRaw:
			raw = r
			continue
		case r.what == whatRounds && r.size.Links == 10_000:
			aims = append(aims, aim{about + "CPU a stream and round", r.micros(), 8, "µs"})
		case r.what == whatRounds && r.size.Links == 100_000 && raw != nil:
			aims = append(aims, aim{about + "CPU by that of fetching alone", r.micros() / raw.micros(), 2, "times"})
		}
		if most := mostResident(r); most > 0 {
			aims = append(aims, aim{about + "resident memory", mib(r.memory.Resident), most, "MiB"})
		}
	}
	return aims
}

// mostResident is how many MiB an agent may take; 0: it is not said.
func mostResident(r *row) float64 {
	switch {
	case r.size.Links == 10_000 && r.export:
		return 45
	case r.size.Links == 10_000:
		return 30
	case r.size.Links == 100_000 && r.export:
		return 160
	case r.size.Links == 100_000:
		return 60
	}
	return 0
}

// printAims prints each figure beside what it may be, and returns how many are over.
func printAims(to writer, aims []aim) (over int) {
	if len(aims) == 0 {
		return 0
	}
	fmt.Fprintln(to, "\n| figure | measured | at most | |\n|---|---|---|---|")
	for _, a := range aims {
		verdict := "ok"
		if a.value > a.most {
			verdict = "OVER"
			over++
		}
		value := fmt.Sprintf("%.3g", a.value)
		if a.value >= 1000 {
			value = fmt.Sprintf("%.0f", a.value)
		}
		fmt.Fprintf(to, "| %s | %s | %g | %s |\n", a.what, strings.TrimSpace(value+" "+a.unit), a.most, verdict)
	}
	return over
}
