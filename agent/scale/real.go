package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// How a server with real mirrors is measured: its CPU time over the same number of rounds while nobody asks, while the pages are
// only fetched, and while an agent runs, in turns, of which the medians count. Mirrors cost their server something by themselves: what
// that is in a second is subtracted for as long as each takes.
const turns = 3

// spending is how much CPU time the server took, and how long that was.
type spending struct{ cpu, wall time.Duration }

// beside is what is left of it where so much was spent by itself.
func (s spending) beside(idle spending) time.Duration {
	return s.cpu - time.Duration(float64(idle.cpu)*float64(s.wall)/float64(idle.wall))
}

// realBench is a server with real mirrors.
type realBench struct {
	plan
	io     *measure.Console
	shop   *workshop
	server *measure.Part
	url    string
}

func (c *costCommand) real(ctx context.Context, io *measure.Console, shop *workshop) error {
	b := &realBench{plan: c.plan(c.Real), io: io, shop: shop}
	looks := c.looks(c.Real+1, b.plan)
	store, err := os.MkdirTemp("", "scale-store-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(store)
	if b.server, err = measure.StartPart(ctx, &b.url, "server", "--store="+store); err != nil {
		return err
	}
	defer b.server.End()
	if err := b.populate(ctx); err != nil {
		return err
	}
	var idle, fetched, list, jsz []spending
	for turn := range turns {
		io.Tell("turn %d of %d", turn+1, turns)
		for _, way := range []struct {
			to      *[]spending
			measure func(context.Context) (spending, error)
		}{
			{&idle, b.idle},
			{&fetched, b.fetch},
			{&list, func(ctx context.Context) (spending, error) { return b.watched(ctx, userWhole, looks) }},
			{&jsz, func(ctx context.Context) (spending, error) { return b.watched(ctx, userSystem, looks) }},
		} {
			spent, err := way.measure(ctx)
			if err != nil {
				return err
			}
			*way.to = append(*way.to, spent)
		}
	}
	return judge(io.Out, b.print(io.Out, median(idle), median(fetched), median(list), median(jsz)), c.Check)
}

// median is the one by CPU time a second.
func median(all []spending) spending {
	slices.SortFunc(all, func(a, b spending) int {
		return cmp.Compare(a.cpu.Seconds()/a.wall.Seconds(), b.cpu.Seconds()/b.wall.Seconds())
	})
	return all[len(all)/2]
}

// spent is how much the server takes for what is done.
func (b *realBench) spent(do func() error) (spending, error) {
	began := time.Now()
	before, err := measure.CPUOf(b.server.PID())
	if err != nil {
		return spending{}, err
	}
	if err := do(); err != nil {
		return spending{}, err
	}
	after, err := measure.CPUOf(b.server.PID())
	return spending{after - before, time.Since(began)}, err
}

func (b *realBench) idle(ctx context.Context) (spending, error) {
	return b.spent(func() error { return measure.Sleep(ctx, time.Duration(b.rounds)*b.interval) })
}

func (b *realBench) fetch(ctx context.Context) (spending, error) {
	var streams int
	p, err := measure.StartPart(ctx, &streams, "raw", "--url="+b.url, fmt.Sprintf("--rounds=%d", b.rounds), "--every="+b.interval.String())
	if err != nil {
		return spending{}, err
	}
	defer p.End()
	return b.spent(func() error { return p.Ask(measure.Order{Do: "rounds"}, nil) })
}

// watched is the server's CPU time while an agent makes its rounds; its start does not count.
func (b *realBench) watched(ctx context.Context, user string, looks int) (spending, error) {
	a, err := b.shop.start(ctx, &agentConfig{url: b.url, user: user, interval: b.interval, looks: looks})
	if err != nil {
		return spending{}, err
	}
	defer a.End()
	if err := a.settles(ctx, b.plan); err != nil {
		return spending{}, err
	}
	return b.spent(func() error {
		for range b.rounds {
			if _, err := a.round(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *realBench) print(to writer, idle, fetched, list, jsz spending) []aim {
	streams := float64(b.links + 1)
	each := func(spent spending) float64 {
		return float64(spent.beside(idle).Nanoseconds()) / 1e3 / float64(b.rounds) / streams
	}
	fmt.Fprintf(to, "%d real mirrors, %d rounds of %s; the server takes %.1f ms of CPU a second by itself, which is subtracted (medians of %d turns).\n\n",
		b.links, b.rounds, b.interval, 1e3*idle.cpu.Seconds()/idle.wall.Seconds(), turns)
	fmt.Fprintln(to, "| | server CPU µs a stream and round | s for all rounds |\n|---|---|---|")
	for _, line := range []struct {
		what  string
		spent spending
	}{{whatRaw, fetched}, {"agent, account scope", list}, {whatSystem, jsz}} {
		fmt.Fprintf(to, "| %s | %.1f | %.1f |\n", line.what, each(line.spent), line.spent.wall.Seconds())
	}
	about := fmt.Sprintf("%d real mirrors: ", b.links)
	return []aim{
		{about + "server CPU by that of fetching alone", each(list) / each(fetched), 1.05, "times"},
		{about + "server CPU in system scope, a stream and round", each(jsz), 7, "µs"},
	}
}
