package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// watcher watches one agent for whole rounds, and fills a row.
type watcher struct {
	*bench
	agent  *agent
	sink   *collector // nil: none
	wanted int        // rounds to measure
	row    *row
	memory []measure.Memory // while it is watched
	base   tally            // what was asked when no round was under way
}

// lookEach is how often the agent is looked at from outside.
const lookEach = 100 * time.Millisecond

func (w *watcher) watch(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	mallocs, counted, err := w.agent.mallocs()
	if err != nil {
		return err
	}
	w.memory = w.memory[:0]
	if err := w.await(ctx, 1); err != nil { // begin where a round has just ended
		return err
	}
	before, err := w.now()
	if err != nil {
		return err
	}
	if err := w.await(ctx, w.wanted); err != nil {
		return err
	}
	after, err := w.now()
	if err != nil {
		return err
	}
	r := w.row
	r.rounds = w.rounds(after.asked) - w.rounds(before.asked)
	if again, ok, err := w.agent.mallocs(); err != nil {
		return err
	} else if ok && counted {
		// Between the two questions are more rounds than are measured.
		r.mallocs, r.counted = float64(again-mallocs)*r.rounds/w.rounds(after.asked), true
	}
	r.cpu, r.bytes = after.cpu-before.cpu, after.traffic.Bytes-before.traffic.Bytes
	r.single, r.origins = after.asked.Infos-before.asked.Infos, after.asked.Origins-before.asked.Origins
	r.points, r.exports, r.exported = after.points-before.points, after.exports-before.exports, after.exported-before.exported
	if w.sink != nil && r.points == 0 {
		return errors.New("no metrics came while it was watched")
	}
	slices.SortFunc(w.memory, func(a, b measure.Memory) int { return int(a.Resident - b.Resident) })
	r.memory = w.memory[len(w.memory)-1] // the most in steady state
	if r.wall, err = w.walls(ctx); err != nil {
		return err
	}
	last, err := measure.MemoryOf(w.agent.PID())
	r.memory.Most = last.Most
	return err
}

// settle waits until the agent is settled, and learns how it asks: it may have chosen another way after the first round.
func (w *watcher) settle(ctx context.Context) error {
	if err := w.agent.settles(ctx, w.plan); err != nil {
		return err
	}
	c, err := w.agent.connection()
	if err != nil {
		return err
	}
	w.row.way = c.Way
	return w.fleet.Ask(measure.Order{Do: "counts"}, &w.base)
}

// reading is everything that is read before and after.
type reading struct {
	cpu      time.Duration
	traffic  traffic
	asked    tally
	points   int64
	exports  int64
	exported int64
}

func (w *watcher) now() (r reading, err error) {
	if r.cpu, err = measure.CPUOf(w.agent.PID()); err != nil {
		return r, err
	}
	if r.traffic, err = trafficNamed(w.server, agentName); err != nil {
		return r, err
	}
	if err = w.fleet.Ask(measure.Order{Do: "counts"}, &r.asked); err != nil {
		return r, err
	}
	if w.sink != nil {
		r.points, r.exports, r.exported = w.sink.points.Load(), w.sink.requests.Load(), w.sink.bytes.Load()
	}
	return r, nil
}

// agentName is its connection's.
const agentName = "mirrorwatch"

// await waits until so many rounds more came to their end, and looks at the agent's memory meanwhile.
func (w *watcher) await(ctx context.Context, rounds int) error {
	var asked tally
	if err := w.fleet.Ask(measure.Order{Do: "counts"}, &asked); err != nil {
		return err
	}
	wanted := math.Ceil(w.rounds(asked)) + float64(rounds) // one that is under way does not count
	until := time.Now().Add(time.Duration(rounds+3)*w.interval*3 + time.Minute)
	for w.rounds(asked) < wanted {
		if time.Now().After(until) {
			return fmt.Errorf("%.1f more rounds were to come to their end; asked was %+v", wanted-w.rounds(asked), asked)
		}
		if err := measure.Sleep(ctx, lookEach); err != nil {
			return err
		}
		m, err := measure.MemoryOf(w.agent.PID())
		if err != nil {
			return err
		}
		w.memory = append(w.memory, m)
		if err := w.fleet.Ask(measure.Order{Do: "counts"}, &asked); err != nil {
			return err
		}
	}
	return nil
}

// share is how much of a round so many pages and streams are, as the agent asks.
func (w *watcher) share(asked tally) (part, whole int) {
	if w.row.way == wayNames {
		return int(asked.Names - w.base.Names), (w.size.Streams + namesPage - 1) / namesPage
	}
	return int(asked.Listed - w.base.Listed), w.size.Streams
}

// wayNames is how an agent calls it that it asks for names, and for single streams.
const wayNames = "names and info"

// rounds is how many there were since the base.
func (w *watcher) rounds(asked tally) float64 {
	part, whole := w.share(asked)
	return float64(part) / float64(whole)
}

// walls is how long rounds take, the median of three.
func (w *watcher) walls(ctx context.Context) (time.Duration, error) {
	var took []time.Duration
	for range 3 {
		if err := w.await(ctx, 1); err != nil {
			return 0, err
		}
		if err := measure.Sleep(ctx, w.interval/3); err != nil { // the last samples are taken in
			return 0, err
		}
		c, err := w.agent.connection()
		if err != nil {
			return 0, err
		}
		took = append(took, time.Duration(c.Took*float64(time.Second)))
	}
	slices.Sort(took)
	return took[1], nil
}
