package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// feedCommand is scale feed.
type feedCommand struct {
	Collector string        `required:"" type:"existingfile" help:"An OpenTelemetry Collector that has what deploy/collector.yaml names."`
	Config    string        `default:"deploy/collector.yaml" type:"existingfile" help:"Its configuration. Metrics go to a file instead."`
	Spool     string        `default:"/dev/shm" type:"existingdir" help:"Where the Collector writes metrics: 1 GB a run of 100,000 links. In memory, so that the agent has the disk to itself."`
	Links     int           `default:"100000" help:"Links that are watched."`
	Delete    int           `default:"100" help:"Streams that are deleted."`
	Fail      int           `default:"500" help:"Links that fail shortly before the Collector is killed, so that some are told of while it is away."`
	Away      time.Duration `default:"1m" help:"For how long the Collector is away."`
	Check     bool          `help:"Exit with 1 where a figure is over what it may be."`
	agentFlags
}

// How a feed goes.
const (
	feedEach   = 30 * time.Second // interval
	feedBefore = 20 * time.Second // from the failure to the kill
	mostBytes  = 4 << 20          // of a request that a Collector takes
)

// feed is an agent that exports to a real Collector.
type feed struct {
	*detection
	*feedCommand
	sink    *realCollector
	exports *exports
	streams []stream
	gone    int // links of deleted streams
	aims    []aim
}

// Run feeds a Collector, takes it away for a while, and prints what arrived.
func (c *feedCommand) Run(ctx context.Context, io *measure.Console) error {
	shop, err := c.open(ctx, io)
	if err != nil {
		return err
	}
	defer shop.close()
	f, err := c.stage(ctx, io, shop)
	if err != nil {
		return err
	}
	defer f.end()
	for _, step := range []func(context.Context) error{f.whole, f.deleted, f.away, f.told} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return judge(io.Out, f.aims, c.Check)
}

func (c *feedCommand) stage(ctx context.Context, io *measure.Console, shop *workshop) (f *feed, err error) {
	like := usual()
	like.FailMost = failMost
	f = &feed{feedCommand: c, detection: &detection{detectCommand: &detectCommand{Links: c.Links, Fail: c.Fail}}}
	if f.streams, err = makeStreams(c.Links, &like, time.Now()); err != nil { // as the fleet has them
		return nil, err
	}
	if f.sink, err = startRealCollector(ctx, c, shop.dir); err != nil {
		return nil, err
	}
	f.exports = &exports{file: f.sink.metricsFile}
	if f.bench, err = newBench(ctx, io, shop, plan{links: c.Links, interval: feedEach}, fleetFlags{likeness: like}); err != nil {
		f.sink.kill()
		return nil, err
	}
	if f.pages, err = startReceiver(); err != nil {
		f.bench.end()
		f.sink.kill()
		return nil, err
	}
	looks := int(2*float64(f.size.Streams)/feedEach.Seconds()) + usualLooks
	f.agent, err = shop.start(ctx, &agentConfig{
		url: f.url, user: userWhole, interval: feedEach, looks: looks,
		collector: f.sink.endpoint, events: f.sink.endpoint, webhook: f.pages.url,
	})
	if err != nil {
		f.pages.stop()
		f.bench.end()
		f.sink.kill()
		return nil, err
	}
	return f, f.settle(ctx)
}

func (f *feed) end() {
	f.detection.end()
	f.sink.kill()
}

// whole waits for three exports of all links.
func (f *feed) whole(ctx context.Context) error {
	for n := range 3 {
		e, err := f.awaitExport(ctx, f.size.Links, nil)
		if err != nil {
			return err
		}
		if n == 0 {
			continue // the agent was proving still
		}
		fmt.Fprintf(f.io.Out, "An export of %d links: %d points in %d requests, the largest of %d bytes.\n", e.links, e.points, e.requests, e.largest)
	}
	return f.accepted(ctx, "before the kill")
}

// deleted deletes streams, and waits for an export without them.
func (f *feed) deleted(ctx context.Context) error {
	gone := map[string]bool{}
	var numbers []int
	for n := range f.streams {
		if len(numbers) == f.Delete {
			break
		}
		if !failing(n) {
			numbers = append(numbers, n)
			gone[f.streams[n].name] = true
			f.gone += len(f.streams[n].origins)
		}
	}
	began := time.Now()
	if err := f.fleet.Ask(measure.Order{Do: "delete", Streams: numbers}, nil); err != nil {
		return err
	}
	e, err := f.awaitExport(ctx, f.size.Links-f.gone, gone)
	if err != nil {
		return err
	}
	fmt.Fprintf(f.io.Out, "%d streams with %d links were deleted: %.0f s later an export has %d links, and counts %.0f; of the deleted ones, %d points.\n",
		len(gone), f.gone, time.Since(began).Seconds(), e.links, e.fleet, e.gone)
	f.aims = append(f.aims, aim{"points of deleted links", float64(e.gone), 0, ""})
	return nil
}

// away lets links fail, kills the Collector, starts it again, and waits for a whole export.
func (f *feed) away(ctx context.Context) error {
	var failed []failure
	if err := f.fleet.Ask(measure.Order{Do: "fail", N: f.Fail}, &failed); err != nil {
		return err
	}
	found := newFinding(failed)
	if err := measure.Sleep(ctx, feedBefore); err != nil {
		return err
	}
	before, err := f.agent.connection()
	if err != nil {
		return err
	}
	f.sink.kill()
	killed := time.Now()
	f.io.Tell("the Collector is killed")
	if err := measure.Sleep(ctx, f.Away); err != nil {
		return err
	}
	during := f.pages.take()
	after, err := f.agent.connection()
	if err != nil {
		return err
	}
	if f.sink, err = startRealCollector(ctx, f.feedCommand, f.sink.dir); err != nil {
		return err
	}
	began := time.Now()
	f.exports = &exports{file: f.sink.metricsFile}
	found.arrived(during)
	fmt.Fprintf(f.io.Out, "The Collector was away for %.0f s; %d links were told of meanwhile; the newest round was %.0f s old when it went, and %.0f s when it came back (one each %.0f s).\n",
		began.Sub(killed).Seconds(), len(found.told), killed.Sub(before.Round).Seconds(), began.Sub(after.Round).Seconds(), after.Period)
	if _, err := f.awaitExport(ctx, f.size.Links-f.gone, nil); err != nil {
		return err
	}
	fmt.Fprintf(f.io.Out, "%.0f s after it was back it had an export of all links.\n", time.Since(began).Seconds())
	for until := time.Now().Add(failMost + patience); len(found.told) < found.links && time.Now().Before(until); {
		found.arrived(f.pages.take())
		if err := measure.Sleep(ctx, lookEach); err != nil {
			return err
		}
	}
	late := slices.Clone(found.handed)
	fmt.Fprintf(f.io.Out, "%d links failed, %d were told of; pages after the last proof and the limit: p50 %.0f ms, p99 %.0f ms, at most %.0f ms.\n",
		found.links, len(found.told), at(late, 0.5), at(late, 0.99), at(late, 1))
	f.aims = append(f.aims,
		aim{"links that were not told of", float64(found.links - len(found.told)), 0, ""},
		aim{"latest page after the last proof and the limit", at(late, 1), mostLate, "ms"})
	return f.accepted(ctx, "after it")
}

// told waits until the Collector's file has the event of every change, and compares them.
func (f *feed) told(ctx context.Context) error {
	var events, changes map[string]int
	for until := time.Now().Add(2 * time.Minute); ; {
		var err error
		if changes, err = f.agent.changes(ctx); err != nil {
			return err
		}
		if events, err = readEvents(f.sink.eventsFile); err != nil {
			return err
		}
		if len(missing(changes, events)) == 0 || time.Now().After(until) {
			break
		}
		if err := measure.Sleep(ctx, 5*time.Second); err != nil {
			return err
		}
	}
	later, err := f.agent.changes(ctx) // some came while the events were read
	if err != nil {
		return err
	}
	again := 0
	for _, n := range events {
		again += n - 1
	}
	lost, foreign := len(missing(changes, events)), len(missing(events, later))
	fmt.Fprintf(f.io.Out, "%d changes in the audit; %d different events in the Collector's file, %d of them once more under the same id.\n", len(changes), len(events), again)
	f.aims = append(f.aims,
		aim{"changes without an event", float64(lost), 0, ""},
		aim{"events without a change", float64(foreign), 0, ""})
	return nil
}
