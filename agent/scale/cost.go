package main

import (
	"context"
	"fmt"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// costCommand is scale cost.
type costCommand struct {
	Links  []int `help:"Sizes, one after another." default:"1000,10000,100000"`
	Real   int   `help:"Measure the server's CPU instead: with so many real mirrors on a real server, 1000 or 10000." placeholder:"MIRRORS"`
	Rounds int   `help:"Rounds to measure; 0: 30 of 1,000 links, 8 of 10,000, 3 of more."`
	System bool  `help:"Ask with a user of the system account, by JSZ."`
	Busy   int   `default:"10" help:"One mirror in so many gets messages; 0: none does."`
	NoOTLP bool  `name:"no-otlp" help:"Leave out the run with an OTLP exporter."`
	Looks  int   `name:"looks-per-second" help:"The agent's budget; 0: twice what rounds ask for, so that they come as fast as configured."`
	Check  bool  `help:"Exit with 1 where a figure is over what it may be."`
	agentFlags
}

// plan is how one size is measured.
type plan struct {
	links, rounds int
	interval      time.Duration
	settling      time.Duration // once all links are known, before anything counts
}

func (c *costCommand) plan(links int) plan {
	p := plan{links: links, rounds: 30, interval: time.Second, settling: 30 * time.Second}
	switch {
	case links > 10_000:
		p.rounds, p.interval, p.settling = 3, 30*time.Second, 2*time.Minute
	case links > 1000:
		p.rounds, p.interval = 8, 5*time.Second
	}
	if c.Rounds > 0 {
		p.rounds = c.Rounds
	}
	return p
}

// looks is the budget of an agent with so many streams.
func (c *costCommand) looks(streams int, p plan) int {
	if c.Looks > 0 {
		return c.Looks
	}
	return int(2*float64(streams)/p.interval.Seconds()) + 1
}

// Run measures and prints a table.
func (c *costCommand) Run(ctx context.Context, io *measure.Console) error {
	shop, err := c.open(ctx, io)
	if err != nil {
		return err
	}
	defer shop.close()
	if c.Real > 0 {
		return c.real(ctx, io, shop)
	}
	var rows []row
	var aims []aim
	for _, links := range c.Links {
		some, err := c.size(ctx, io, shop, c.plan(links))
		rows = append(rows, some...)
		aims = append(aims, aimsOf(some)...)
		if err != nil {
			printRows(io.Out, rows) // what was measured so far
			return fmt.Errorf("%d links: %w", links, err)
		}
	}
	printRows(io.Out, rows)
	return judge(io.Out, aims, c.Check)
}

// judge prints what was aimed at, and is an error with check where something is over.
func judge(to writer, aims []aim, check bool) error {
	if over := printAims(to, aims); over > 0 && check {
		return fmt.Errorf("%d figures are over what they may be", over)
	}
	return nil
}

// size measures one size: fetching alone, and the agent in several ways.
func (c *costCommand) size(ctx context.Context, io *measure.Console, shop *workshop, p plan) ([]row, error) {
	like := usual()
	like.Busy = c.Busy
	b, err := newBench(ctx, io, shop, p, fleetFlags{likeness: like, System: c.System})
	if err != nil {
		return nil, err
	}
	defer b.end()
	var rows []row
	if !c.System {
		raw, err := b.raw(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, raw)
	}
	runs := []agentRun{{name: whatRounds, user: userRounds}, {name: whatOrigins, user: userWhole}}
	if c.System {
		runs = []agentRun{{name: whatSystem, user: userSystem}}
	}
	if !c.NoOTLP {
		last := runs[len(runs)-1]
		last.name, last.export = whatOTLP, true
		runs = append(runs, last)
	}
	for _, run := range runs {
		run.looks = c.looks(b.size.Streams, p)
		r, err := b.agent(ctx, run)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", run.name, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// bench is a server and a fleet to measure against.
type bench struct {
	plan
	io            *measure.Console
	shop          *workshop
	server, fleet *measure.Part
	url           string
	size          hello
}

func newBench(ctx context.Context, io *measure.Console, shop *workshop, p plan, flags fleetFlags) (*bench, error) {
	b := &bench{plan: p, io: io, shop: shop}
	var err error
	if b.server, err = measure.StartPart(ctx, &b.url, "server"); err != nil {
		return nil, err
	}
	args := append([]string{"fleet", "--url=" + b.url, fmt.Sprintf("--links=%d", p.links)}, flags.args()...)
	if b.fleet, err = measure.StartPart(ctx, &b.size, args...); err != nil {
		b.server.End()
		return nil, err
	}
	io.Tell("%d links of %d streams, %d bytes each", b.size.Links, b.size.Streams, b.size.Bytes/b.size.Streams)
	return b, nil
}

func (b *bench) end() {
	b.fleet.End()
	b.server.End()
}

// raw measures fetching alone.
func (b *bench) raw(ctx context.Context) (row, error) {
	r := row{what: whatRaw, size: b.size, rounds: float64(b.rounds)}
	b.io.Tell("%d links: %s, %d rounds", b.links, r.what, b.rounds)
	var streams int
	p, err := measure.StartPart(ctx, &streams, "raw", "--url="+b.url, fmt.Sprintf("--rounds=%d", b.rounds), "--every=1s")
	if err != nil {
		return r, err
	}
	defer p.End()
	before, err := trafficNamed(b.server, rawName)
	if err != nil {
		return r, err
	}
	var took rawRounds
	if err := p.Ask(measure.Order{Do: "rounds"}, &took); err != nil {
		return r, err
	}
	after, err := trafficNamed(b.server, rawName)
	if err != nil {
		return r, err
	}
	r.cpu, r.wall, r.bytes = took.CPU, took.Wall/time.Duration(b.rounds), after.Bytes-before.Bytes
	r.mallocs, r.counted = float64(took.Mallocs), true
	r.memory, err = measure.MemoryOf(p.PID())
	return r, err
}

// agentRun is one way to run the agent.
type agentRun struct {
	name, user string
	export     bool
	looks      int
}

// agent measures the agent: it waits until all links are known and the agent is settled, and then watches whole rounds.
func (b *bench) agent(ctx context.Context, run agentRun) (r row, err error) {
	r = row{what: run.name, size: b.size, export: run.export}
	rounds := b.rounds
	if run.export { // two exports at least are among the rounds
		rounds = max(rounds, int(2*exportEvery/b.interval)+1)
	}
	b.io.Tell("%d links: %s, %d rounds of %s", b.links, r.what, rounds, b.interval)
	config := &agentConfig{url: b.url, user: run.user, interval: b.interval, looks: run.looks}
	var sink *collector
	if run.export {
		if sink, err = startCollector(); err != nil {
			return r, err
		}
		defer sink.stop()
		config.collector = sink.endpoint
	}
	a, err := b.shop.start(ctx, config)
	if err != nil {
		return r, err
	}
	defer a.End()
	w := watcher{bench: b, agent: a, sink: sink, wanted: rounds, row: &r}
	return r, w.watch(ctx)
}
