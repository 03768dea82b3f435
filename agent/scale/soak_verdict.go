package main

import (
	"errors"
	"fmt"
	"slices"
)

// figure is one of a sample's.
type figure struct {
	what  string
	value func(*sample) float64
	most  float64 // times: the mean of the last third of all samples by that of the middle third
}

// flat are the figures that have to stay flat. Memory has room for a collection more or less, and for what is open at the time. Files
// are not among them: they grow by doubling, whenever that is due, up to a bound.
func flat() []figure {
	return []figure{
		{"memory of its own", func(x *sample) float64 { return float64(x.memory.Anon) }, 1.1},
		{"heap goal", func(x *sample) float64 { return x.goal }, 1.1},
		{"goroutines", func(x *sample) float64 { return x.goroutines }, 1.05},
		{"file descriptors", func(x *sample) float64 { return float64(x.descriptors) }, 1.05},
	}
}

// mostFiles is how many MiB an agent with a soak's retention may hold on disk: the audit and its index, what is open and owed, the proofs,
// and as much again that is free in the file, which grows by doubling.
const mostFiles = 16

// aims says what the samples are held to.
func (s *soak) aims() []aim {
	third := len(s.taken) / 3
	middle, last := s.taken[third:2*third], s.taken[2*third:]
	var aims []aim
	for _, f := range flat() {
		aims = append(aims, aim{f.what + ", the last third by the middle one", mean(last, f.value) / mean(middle, f.value), f.most, "times"})
	}
	end := s.taken[len(s.taken)-1]
	return append(aims,
		aim{"files in data_dir at most", mib(slices.MaxFunc(s.taken, func(a, b sample) int { return int(a.files - b.files) }).files), mostFiles, "MiB"},
		aim{"incidents still open", float64(end.open), 0, ""},
		aim{"incidents whose end the receiver was not told", float64(end.opened - end.ended), 0, ""},
	)
}

func mean(of []sample, value func(*sample) float64) (m float64) {
	for k := range of {
		m += value(&of[k]) / float64(len(of))
	}
	return m
}

func printSoakHead(to writer) {
	fmt.Fprintln(to, "| minutes | memory of its own, and files' pages, MiB | heap goal MiB | goroutines | file descriptors | files in data_dir, MiB | incidents open (at most) | incidents told so far, and their ends |")
	fmt.Fprintln(to, "|---|---|---|---|---|---|---|---|")
}

// printSoakRow prints the means over some samples.
func printSoakRow(to writer, of []sample) {
	of = slices.Clone(of)
	last := of[len(of)-1]
	avg := func(value func(*sample) float64) float64 { return mean(of, value) }
	open := slices.MaxFunc(of, func(a, b sample) int { return a.open - b.open }).open
	fmt.Fprintf(to, "| %.0f | %.1f + %.1f | %.1f | %.0f | %.0f | %.2f | %d | %d, %d |\n", last.past.Minutes(),
		avg(func(x *sample) float64 { return mib(x.memory.Anon) }), avg(func(x *sample) float64 { return mib(x.memory.File) }),
		avg(func(x *sample) float64 { return x.goal })/(1<<20), avg(func(x *sample) float64 { return x.goroutines }),
		avg(func(x *sample) float64 { return float64(x.descriptors) }), avg(func(x *sample) float64 { return mib(x.files) }),
		open, last.opened, last.ended)
}

// print tells what came of it. A run in which nothing was told of shows nothing.
func (s *soak) print() error {
	if len(s.taken) < 3 {
		return errors.New("fewer than three samples were taken")
	}
	end := s.taken[len(s.taken)-1]
	fmt.Fprintf(s.io.Out, "\n%d real mirrors, %.0f minutes, %d events; the receiver was told of %d incidents, and of the end of %d; %d OTLP points in %d requests; /metrics scraped each %s.\n",
		s.Links, end.past.Minutes(), s.events, end.opened, end.ended, s.sink.points.Load(), s.sink.requests.Load(), scrapeEach)
	if end.opened == 0 {
		return errors.New("no incident opened")
	}
	if s.sink.points.Load() == 0 {
		return errors.New("no metrics came over OTLP")
	}
	return nil
}
