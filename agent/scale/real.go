package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// How a server with real mirrors is measured: its CPU time over the same number of rounds while nobody asks, while the pages are
// only fetched, and while an agent runs, in turns, of which the medians count: mirrors cost their server something by themselves.
const turns = 3

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
	var idle, fetched, list, jsz []time.Duration
	for turn := range turns {
		io.Tell("turn %d of %d", turn+1, turns)
		for _, way := range []struct {
			to      *[]time.Duration
			measure func(context.Context) (time.Duration, error)
		}{
			{&idle, b.idle},
			{&fetched, b.fetch},
			{&list, func(ctx context.Context) (time.Duration, error) { return b.watched(ctx, userWhole, looks) }},
			{&jsz, func(ctx context.Context) (time.Duration, error) { return b.watched(ctx, userSystem, looks) }},
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

func median(all []time.Duration) time.Duration { return slices.Sorted(slices.Values(all))[len(all)/2] }

// spent is how much CPU time the server takes for what is done.
func (b *realBench) spent(do func() error) (time.Duration, error) {
	before, err := measure.CPUOf(b.server.PID())
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := measure.CPUOf(b.server.PID())
	return after - before, err
}

func (b *realBench) idle(ctx context.Context) (time.Duration, error) {
	return b.spent(func() error { return measure.Sleep(ctx, time.Duration(b.rounds)*b.interval) })
}

func (b *realBench) fetch(ctx context.Context) (time.Duration, error) {
	var streams int
	p, err := measure.StartPart(ctx, &streams, "raw", "--url="+b.url, fmt.Sprintf("--rounds=%d", b.rounds), "--every="+b.interval.String())
	if err != nil {
		return 0, err
	}
	defer p.End()
	return b.spent(func() error { return p.Ask(measure.Order{Do: "rounds"}, nil) })
}

// watched is the server's CPU time while an agent makes its rounds; its start does not count.
func (b *realBench) watched(ctx context.Context, user string, looks int) (time.Duration, error) {
	a, err := b.shop.start(ctx, &agentConfig{url: b.url, user: user, interval: b.interval, looks: looks})
	if err != nil {
		return 0, err
	}
	defer a.End()
	if err := a.settles(ctx, b.plan); err != nil {
		return 0, err
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

func (b *realBench) print(to writer, idle, fetched, list, jsz time.Duration) []aim {
	streams := float64(b.links + 1)
	each := func(spent time.Duration) float64 {
		return float64((spent - idle).Nanoseconds()) / 1e3 / float64(b.rounds) / streams
	}
	fmt.Fprintf(to, "%d real mirrors, %d rounds of %s; the server takes %.2f s of CPU in that time by itself, which is subtracted (medians of %d turns).\n\n",
		b.links, b.rounds, b.interval, idle.Seconds(), turns)
	fmt.Fprintln(to, "| | server CPU µs a stream and round |\n|---|---|")
	for _, line := range []struct {
		what  string
		spent time.Duration
	}{{whatRaw, fetched}, {"agent, account scope", list}, {whatSystem, jsz}} {
		fmt.Fprintf(to, "| %s | %.1f |\n", line.what, each(line.spent))
	}
	about := fmt.Sprintf("%d real mirrors: ", b.links)
	return []aim{
		{about + "server CPU by that of fetching alone", each(list) / each(fetched), 1.05, "times"},
		{about + "server CPU in system scope, a stream and round", each(jsz), 7, "µs"},
	}
}
