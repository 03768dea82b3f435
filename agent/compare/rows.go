package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// tool looks at all mirrors.
type tool interface {
	// prepare starts what is to run before anything is measured; the function that it returns ends it.
	prepare(ctx context.Context, s *scene) (end func(), err error)
	// look looks at all mirrors as often as it says, and tells what that took and what it found.
	look(ctx context.Context, s *scene) (looked, error)
	// name says what it is.
	name() string
}

// looked is what some looks at all mirrors took, and found.
type looked struct {
	times  int
	wall   time.Duration // of all looks together, where the tool knows it better than the clock
	after  time.Duration // until the verdicts were there; 0: that is the wall of a look
	cpu    time.Duration // of all looks
	memory int64         // bytes that a process had in memory at the most
	found  verdicts      // by the last look
}

// verdicts is what a tool said.
type verdicts struct {
	dead   string // in its own words
	caught bool   // those words are an alarm: not ok
	ok     int    // healthy mirrors that it called ok
	wrong  int    // and that it called anything else
}

// add takes in what was said of one mirror.
func (v *verdicts) add(name, words string, ok bool) {
	switch {
	case name == dead:
		v.dead, v.caught = words, !ok
	case !strings.HasPrefix(name, "MIRROR_"): // an origin: it is no mirror to be judged
	case ok:
		v.ok++
	default:
		v.wrong++
	}
}

// row is a line of the table: what one look at all mirrors took.
type row struct {
	name      string
	times     int
	wall, cpu time.Duration
	server    time.Duration // without what it takes by itself
	bytes     int64         // of messages, both ways
	memory    int64
	after     time.Duration
	found     verdicts
}

// idleFor is how long the server's own CPU time is measured, before and after each tool.
const idleFor = 20 * time.Second

// measureAll lets every tool look, one after another. It returns what the server itself tells, and its own CPU time, too.
func (s *scene) measureAll(ctx context.Context, tools []tool) (told string, rows []row, err error) {
	server, err := s.asTheServerTells(ctx)
	if err != nil {
		return "", nil, err
	}
	least, most := 1.0, 0.0
	before, err := s.idle(ctx)
	if err != nil {
		return "", nil, err
	}
	for _, t := range tools {
		s.io.Tell("%s", t.name())
		r, rate, err := s.measureOne(ctx, t, before)
		if err != nil {
			return "", nil, fmt.Errorf("%s: %w", t.name(), err)
		}
		least, most = min(least, before, rate), max(most, before, rate)
		before = rate
		rows = append(rows, r)
	}
	told = fmt.Sprintf("The server says of %s: %s. By itself it takes %.1f to %.1f ms of CPU a second; that is subtracted.", dead, server, least*1e3, most*1e3)
	return told, rows, nil
}

// idle is the server's CPU time by itself, as a share of a core.
func (s *scene) idle(ctx context.Context) (float64, error) {
	before, err := measure.CPUOf(s.near.PID())
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := measure.Sleep(ctx, idleFor); err != nil {
		return 0, err
	}
	after, err := measure.CPUOf(s.near.PID())
	return (after - before).Seconds() / time.Since(began).Seconds(), err
}

// measureOne lets a tool look. Before is how busy the server was just before it; it returns how busy it is after.
func (s *scene) measureOne(ctx context.Context, t tool, before float64) (r row, after float64, err error) {
	end, err := t.prepare(ctx, s)
	if err != nil {
		return r, 0, err
	}
	ended := false
	defer func() {
		if !ended {
			end()
		}
	}()
	var first, last int64
	if err := s.near.Ask(measure.Order{Do: "traffic"}, &first); err != nil {
		return r, 0, err
	}
	spent, err := measure.CPUOf(s.near.PID())
	if err != nil {
		return r, 0, err
	}
	began := time.Now()
	l, err := t.look(ctx, s)
	if err != nil {
		return r, 0, err
	}
	took := time.Since(began)
	again, err := measure.CPUOf(s.near.PID())
	if err != nil {
		return r, 0, err
	}
	if err := s.near.Ask(measure.Order{Do: "traffic"}, &last); err != nil {
		return r, 0, err
	}
	end()
	ended = true
	if after, err = s.idle(ctx); err != nil {
		return r, 0, err
	}
	itself := time.Duration((before + after) / 2 * float64(took))
	each := time.Duration(l.times)
	wall := cmp.Or(l.wall, took) / each
	return row{
		name: t.name(), times: l.times, wall: wall, cpu: l.cpu / each, server: (again - spent - itself) / each,
		bytes: (last - first) / int64(l.times), memory: l.memory, after: cmp.Or(l.after, wall), found: l.found,
	}, after, nil
}
