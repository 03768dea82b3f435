package main

import (
	"fmt"
	"slices"
	"time"
)

func (b *realBench) print(to writer, fetched, list, jsz *serving) []aim {
	streams := float64(b.links + 1)
	fmt.Fprintf(to, "%d real mirrors, %d rounds each, %s apart on average. The server's CPU time, and what it is asked:\n\n", b.links, len(list.rounds), b.interval)
	fmt.Fprintln(to, "| | µs a stream and round (half of the rounds) | ms a second between rounds | bytes a stream and round | questions in all rounds: pages, mirrors, the origin, servers, other |")
	fmt.Fprintln(to, "|---|---|---|---|---|")
	for _, line := range []struct {
		what string
		*serving
	}{{whatRaw, fetched}, {"agent, account scope", list}, {whatSystem, jsz}} {
		each := float64(len(line.rounds)) * streams
		fmt.Fprintf(to, "| %s | %.2f (%.2f to %.2f) | %.1f | %.0f | %d, %d, %d, %d, %d |\n",
			line.what, line.micros(2, streams), line.micros(1, streams), line.micros(3, streams), 1e3*quarter(line.between, 2), float64(line.bytes)/each,
			line.asked.pages, line.asked.mirrors, line.asked.origin, line.asked.servers, line.asked.names+line.asked.other)
	}
	about := fmt.Sprintf("%d real mirrors: ", b.links)
	return []aim{
		{about + "server CPU by that of fetching alone", list.micros(2, streams) / fetched.micros(2, streams), 1.05, "times"},
		{about + "server CPU in system scope, a stream and round", jsz.micros(2, streams), 7, "µs"},
	}
}

// micros is the server's CPU time for a stream and round, in µs, that so many quarters of the rounds stay below.
func (s *serving) micros(quarters int, streams float64) float64 {
	return float64(quarter(s.rounds, quarters).Nanoseconds()) / 1e3 / streams
}

// quarter is what so many quarters of all are below; 2: the median.
func quarter[T float64 | time.Duration](all []T, quarters int) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)*quarters/4]
}
