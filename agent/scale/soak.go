package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mirrorwatch/agent/internal/measure"
	"mirrorwatch/pipeline"
)

// soakCommand is scale soak.
type soakCommand struct {
	Links int           `help:"Real mirrors on a real server." default:"1000"`
	For   time.Duration `help:"How long the agent is watched once it knows them all; some minutes at the end are for what is still open." default:"1h"`
	Every time.Duration `help:"Something happens each time." default:"1m"`
	Check bool          `help:"Exit with 1 where a figure is over what it may be."`
	agentFlags
}

// How a soak goes. Retention is the least that the configuration lets be, so that it bounds the audit within the hour.
const (
	soakInterval  = 5 * time.Second // the default
	soakRetention = "1MiB"
	sampleEach    = time.Minute
	scrapeEach    = 15 * time.Second // of /metrics, as a Prometheus would
	closing       = 5 * time.Minute  // in which nothing happens any more, and incidents end
	rowEach       = 5                // samples
)

// soak is an agent that runs for long on a server where things happen.
type soak struct {
	*soakCommand
	io     *measure.Console
	world  *world
	agent  *agent
	data   string // data_dir
	sink   *collector
	pages  *receiver
	open   map[string]bool // incidents that were told of, and not of their end
	opened int             // that were told of
	taken  []sample
	events int
}

// Run watches an agent for long, prints what it held every five minutes, and whether that grew.
func (c *soakCommand) Run(ctx context.Context, io *measure.Console) error {
	shop, err := c.open(ctx, io)
	if err != nil {
		return err
	}
	defer shop.close()
	store, err := os.MkdirTemp("", "scale-store-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(store)
	s := &soak{soakCommand: c, io: io, open: map[string]bool{}}
	if s.world, err = newWorld(ctx, io, store, c.Links); err != nil {
		return err
	}
	defer s.world.end()
	if s.sink, err = startCollector(); err != nil {
		return err
	}
	defer s.sink.stop()
	if s.pages, err = startReceiver(); err != nil {
		return err
	}
	defer s.pages.stop()
	s.agent, err = shop.start(ctx, &agentConfig{
		url: s.world.url, user: userWhole, interval: soakInterval, looks: usualLooks,
		collector: s.sink.endpoint, webhook: s.pages.url, retention: soakRetention, series: "all",
	})
	if err != nil {
		return err
	}
	defer s.agent.End()
	s.data = filepath.Join(shop.dir, fmt.Sprintf("agent-%d", shop.agents), "data")
	if err := s.agent.knows(ctx, c.Links, 5*time.Minute); err != nil {
		return err
	}
	io.Tell("the agent knows %d links; it is watched until %s", c.Links, time.Now().Add(c.For).Format(time.TimeOnly))
	if err := s.watch(ctx); err != nil {
		return errors.Join(err, s.print()) // what was seen so far
	}
	if err := s.print(); err != nil {
		return err
	}
	return judge(io.Out, s.aims(), c.Check)
}

// watch lets things happen and takes samples, until the time is over.
func (s *soak) watch(ctx context.Context) error {
	printSoakHead(s.io.Out)
	began := time.Now()
	var sampled, happened time.Duration
	for {
		past := time.Since(began)
		if past >= sampled+sampleEach {
			sampled += sampleEach
			if err := s.sample(past); err != nil {
				return err
			}
			if past >= s.For {
				return nil
			}
		} else if _, err := s.agent.metrics(); err != nil {
			return err
		}
		// What began comes to its end: after each cycle of events all is as it was.
		if past >= happened+s.Every && (past < s.For-closing || s.events%cycle != 0) {
			happened = past.Truncate(s.Every)
			if err := s.world.happen(ctx, s.events); err != nil {
				return err
			}
			s.events++
		}
		if err := s.world.send(); err != nil {
			return err
		}
		next := time.Since(began).Truncate(scrapeEach) + scrapeEach
		if err := measure.Sleep(ctx, next-time.Since(began)); err != nil {
			return err
		}
	}
}

// sample looks at the agent once, and prints a row with each fifth sample.
func (s *soak) sample(past time.Duration) error {
	x, err := s.agent.sample(s.data)
	if err != nil {
		return err
	}
	for _, p := range s.pages.take() {
		switch {
		case p.Change == pipeline.Opened:
			s.open[p.Incident] = true
			s.opened++
		case p.Change.Ends(): // of what was never open, too: a stream that was deleted is told of once
			delete(s.open, p.Incident)
		}
	}
	x.past, x.opened, x.ended = past, s.opened, s.opened-len(s.open)
	s.taken = append(s.taken, x)
	if len(s.taken)%rowEach == 0 {
		printSoakRow(s.io.Out, s.taken[len(s.taken)-rowEach:])
	}
	return nil
}
