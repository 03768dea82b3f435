package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// This file holds what a server spends on single rounds. Its mirrors cost it more than being asked does, and not always the same, which
// over whole minutes hides what is looked for. A round takes some hundredths of a second, in which they cost little; and what they
// cost just then is known from the time between the rounds.

const (
	readEach = 2 * time.Millisecond  // how often the server's CPU time is read
	slack    = 10 * time.Millisecond // around a round: the server begins before it is noted, and ends after
)

// serving is what a server did for one who asks in rounds.
type serving struct {
	rounds  []time.Duration // CPU time of each, beside what mirrors cost meanwhile
	between []float64       // of each turn: CPU time between rounds, as a share of a core
	asked   asked
	bytes   int64 // of answers
}

// span is when a round was made.
type span struct{ from, to time.Time }

// serve measures the server while rounds are made by who has connections of that name.
func (b *realBench) serve(ctx context.Context, s *serving, who string, rounds func() ([]span, error)) error {
	before, err := trafficNamed(b.server, who)
	if err != nil {
		return err
	}
	if err := b.asked.take(&asked{}); err != nil { // before, which does not count
		return err
	}
	end := follow(b.server.PID())
	made, err := rounds()
	if err == nil {
		err = measure.Sleep(ctx, 2*slack) // what belongs to the last round
	}
	spent, failed := end()
	if err := cmp.Or(err, failed); err != nil {
		return err
	}
	if err := b.asked.take(&s.asked); err != nil {
		return err
	}
	after, err := trafficNamed(b.server, who)
	if err != nil {
		return err
	}
	costs, between := spent.on(made)
	s.rounds, s.between = append(s.rounds, costs...), append(s.between, between)
	s.bytes += after.Bytes - before.Bytes
	return nil
}

// spending is a process's CPU time, read again and again.
type spending []spent

// spent is how much CPU time there was until then.
type spent struct {
	at  time.Time
	cpu time.Duration
}

// follow reads a process's CPU time until end is called.
func follow(pid int) (end func() (spending, error)) {
	var all spending
	var failed error
	stop, ended := make(chan struct{}), make(chan struct{})
	read := func() {
		cpu, err := measure.CPUOf(pid)
		all, failed = append(all, spent{time.Now(), cpu}), err
	}
	go func() {
		defer close(ended)
		ticker := time.NewTicker(readEach)
		defer ticker.Stop()
		for read(); failed == nil; read() {
			select {
			case <-stop:
				read()
				return
			case <-ticker.C:
			}
		}
	}()
	return func() (spending, error) {
		close(stop)
		<-ended
		return all, failed
	}
}

// until is how much there was by then, as if it were spent evenly between two readings.
func (s spending) until(at time.Time) time.Duration {
	n, _ := slices.BinarySearchFunc(s, at, func(one spent, at time.Time) int { return one.at.Compare(at) })
	switch n {
	case 0:
		return s[0].cpu
	case len(s):
		return s[n-1].cpu
	}
	a, b := s[n-1], s[n]
	return a.cpu + time.Duration(float64(b.cpu-a.cpu)*at.Sub(a.at).Seconds()/b.at.Sub(a.at).Seconds())
}

// on is what each of the rounds cost, beside what is spent in as much time between them; and that, as a share of a core.
func (s spending) on(rounds []span) (costs []time.Duration, between float64) {
	first, last := s[0], s[len(s)-1]
	wall, cpu := last.at.Sub(first.at), last.cpu-first.cpu
	for _, r := range rounds {
		from, to := r.from.Add(-slack), r.to.Add(slack)
		cost := s.until(to) - s.until(from)
		costs = append(costs, cost)
		wall, cpu = wall-to.Sub(from), cpu-cost
	}
	between = cpu.Seconds() / wall.Seconds()
	for n, r := range rounds {
		costs[n] -= time.Duration(between * float64(r.to.Sub(r.from)+2*slack))
	}
	return costs, between
}
