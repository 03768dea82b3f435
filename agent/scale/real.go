package main

import (
	"context"
	"os"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// How a server with real mirrors is measured: over the rounds of an agent, over rounds at the same moments that only fetch the same
// pages, and over the rounds of an agent in system scope. That is a turn. Of all rounds of all turns the medians count.
const turns = 3

// realBench is a server with real mirrors.
type realBench struct {
	plan
	io     *measure.Console
	shop   *workshop
	server *measure.Part
	url    string
	asked  *listener
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
	if b.asked, err = listenIn(b.url); err != nil {
		return err
	}
	defer b.asked.close()
	var fetched, list, jsz serving
	for turn := range turns {
		io.Tell("turn %d of %d", turn+1, turns)
		rounds, err := b.watched(ctx, &list, userWhole, looks)
		if err != nil {
			return err
		}
		if err := b.fetch(ctx, &fetched, rounds); err != nil {
			return err
		}
		if _, err := b.watched(ctx, &jsz, userSystem, looks); err != nil {
			return err
		}
	}
	return judge(io.Out, b.print(io.Out, &fetched, &list, &jsz), c.Check)
}

// watched measures the server while an agent makes its rounds; its start does not count. It returns when rounds began, after the first.
func (b *realBench) watched(ctx context.Context, s *serving, user string, looks int) (began []time.Duration, err error) {
	a, err := b.shop.start(ctx, &agentConfig{url: b.url, user: user, interval: b.interval, looks: looks})
	if err != nil {
		return nil, err
	}
	defer a.End()
	if err := a.settles(ctx, b.plan); err != nil {
		return nil, err
	}
	var rounds []span
	err = b.serve(ctx, s, agentName, func() ([]span, error) {
		for range b.rounds {
			if _, err := a.round(ctx); err != nil {
				return nil, err
			}
			c, err := a.connection()
			if err != nil {
				return nil, err
			}
			rounds = append(rounds, span{c.Round.Add(-time.Duration(c.Took * float64(time.Second))), c.Round})
		}
		return rounds, nil
	})
	for _, one := range rounds {
		began = append(began, one.from.Sub(rounds[0].from))
	}
	return began, err
}

// fetch measures the server while the pages are only fetched, in rounds that begin so long after the first. Before that it is asked
// for as long as an agent settles.
func (b *realBench) fetch(ctx context.Context, s *serving, began []time.Duration) error {
	var streams int
	p, err := measure.StartPart(ctx, &streams, "raw", "--url="+b.url, "--rounds=1")
	if err != nil {
		return err
	}
	defer p.End()
	round := func() (one span, err error) {
		one.from = time.Now()
		err = p.Ask(measure.Order{Do: "rounds"}, nil)
		one.to = time.Now()
		return one, err
	}
	for until := time.Now().Add(b.settling); time.Now().Before(until); {
		if _, err := round(); err != nil {
			return err
		}
		if err := measure.Sleep(ctx, b.interval); err != nil {
			return err
		}
	}
	return b.serve(ctx, s, rawName, func() (rounds []span, err error) {
		first := time.Now().Add(b.interval)
		for _, after := range began {
			if err := measure.Sleep(ctx, time.Until(first.Add(after))); err != nil {
				return nil, err
			}
			one, err := round()
			if err != nil {
				return nil, err
			}
			rounds = append(rounds, one)
		}
		return rounds, nil
	})
}
