package main

import (
	"context"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// detectCommand is scale detect.
type detectCommand struct {
	Links  int  `default:"10000" help:"Links that are watched."`
	Fail   int  `default:"2500" help:"Links that fail, all at the same moment; a quarter of them at most."`
	Frozen bool `help:"One of three servers is frozen: each page of a listing takes 4 s, and names a third of its streams as missing."`
	Looks  int  `name:"looks-per-second" help:"The agent's budget; 0: 500, the default, or 5000 with --frozen: what a round waits for is not the budget then."`
	Check  bool `help:"Exit with 1 where a figure is over what it may be."`
	agentFlags
}

// How a detection run goes. Streams that fail have limits from 60 s to 120 s, a second apart, so that it is over in some minutes;
// all others have 60 s to 600 s.
const (
	failMost      = 2 * time.Minute
	detectEach    = 5 * time.Second // interval
	patience      = 30 * time.Second
	mostP99       = 25
	mostLate      = 250
	mostQuestions = 2.2
	mostRound     = 6
	frozenServer  = 0
	frozenLooks   = 5000
	usualLooks    = 500
)

// Run lets links fail and prints how late each was told of.
func (c *detectCommand) Run(ctx context.Context, io *measure.Console) error {
	shop, err := c.open(ctx, io)
	if err != nil {
		return err
	}
	defer shop.close()
	switch {
	case c.Looks > 0:
	case c.Frozen:
		c.Looks = frozenLooks
	default:
		c.Looks = usualLooks
	}
	d, err := c.stage(ctx, io, shop)
	if err != nil {
		return err
	}
	defer d.end()
	if err := d.settle(ctx); err != nil {
		return err
	}
	var round time.Duration
	if c.Frozen {
		if round, err = d.freeze(ctx); err != nil {
			return err
		}
	}
	found, err := d.fail(ctx)
	if err != nil {
		return err
	}
	found.print(io.Out, round)
	return judge(io.Out, found.aims(round), c.Check)
}

// detection is a bench with an agent that runs on it, and its receiver.
type detection struct {
	*bench
	*detectCommand
	agent *agent
	pages *receiver
}

func (c *detectCommand) stage(ctx context.Context, io *measure.Console, shop *workshop) (d *detection, err error) {
	d = &detection{detectCommand: c}
	like := usual()
	like.FailMost, like.Cluster = failMost, c.Frozen
	if d.bench, err = newBench(ctx, io, shop, plan{links: c.Links, interval: detectEach}, fleetFlags{likeness: like}); err != nil {
		return nil, err
	}
	if d.pages, err = startReceiver(); err != nil {
		d.bench.end()
		return nil, err
	}
	config := &agentConfig{url: d.url, user: userWhole, interval: d.interval, looks: c.Looks, webhook: d.pages.url}
	if d.agent, err = shop.start(ctx, config); err != nil {
		d.pages.stop()
		d.bench.end()
		return nil, err
	}
	return d, nil
}

func (d *detection) end() {
	d.agent.End()
	d.pages.stop()
	d.bench.end()
}

// settle waits until the agent knows all links, and then for two rounds: contact is proven by then.
func (d *detection) settle(ctx context.Context) error {
	if err := d.agent.knows(ctx, d.size.Links, 2*time.Minute+4*d.interval); err != nil {
		return err
	}
	c, err := d.agent.connection()
	if err != nil {
		return err
	}
	d.io.Tell("a round each %.0f s", c.Period)
	for range 2 {
		if _, err := d.agent.round(ctx); err != nil {
			return err
		}
	}
	return nil
}

// freeze stops one of the three servers, and returns how long the slowest of the next three whole rounds took.
func (d *detection) freeze(ctx context.Context) (slowest time.Duration, err error) {
	if err := d.fleet.Ask(measure.Order{Do: "freeze", N: frozenServer}, nil); err != nil {
		return 0, err
	}
	d.io.Tell("one of three servers is frozen")
	if _, err := d.agent.round(ctx); err != nil { // it may have begun before
		return 0, err
	}
	for range 3 {
		took, err := d.agent.round(ctx)
		if err != nil {
			return 0, err
		}
		slowest = max(slowest, took)
		d.io.Tell("a round of %.2f s", took.Seconds())
	}
	return slowest, nil
}

// fail cuts the links, waits until all are told of, and tells how it went.
func (d *detection) fail(ctx context.Context) (*finding, error) {
	var failed []failure
	if err := d.fleet.Ask(measure.Order{Do: "fail", N: d.Fail}, &failed); err != nil {
		return nil, err
	}
	f := newFinding(failed)
	d.io.Tell("%d links of %d streams failed", f.links, len(failed))
	for until := time.Now().Add(failMost + patience); ; {
		f.arrived(d.pages.take())
		if len(f.told) == f.links || time.Now().After(until) {
			break
		}
		if err := measure.Sleep(ctx, lookEach); err != nil {
			return nil, err
		}
	}
	var asked map[string][]time.Time
	if err := d.fleet.Ask(measure.Order{Do: "asked"}, &asked); err != nil {
		return nil, err
	}
	f.count(asked)
	return f, nil
}
