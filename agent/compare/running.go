package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"mirrorwatch/agent/internal/measure"
)

// running is mirrorwatch run.
type running struct {
	title  string
	binary string
	dir    string
	fresh  bool // it begins anew each time; else it keeps its journal
	rounds int  // that are measured

	agent *measure.Agent
	after time.Duration // from its start until it had all verdicts
}

// Rounds come as fast as they may, for the server's own CPU time to weigh less.
const (
	interval   = time.Second
	looks      = 10_000 // a second, at most
	roundCount = `mirrorwatch_look_duration_seconds_count`
	roundSum   = `mirrorwatch_look_duration_seconds_sum`
)

func (r *running) name() string { return r.title }

// prepare starts the agent, and waits until it has a verdict on every link.
func (r *running) prepare(ctx context.Context, s *scene) (func(), error) {
	dir := r.dir
	if r.fresh {
		var err error
		if dir, err = os.MkdirTemp(r.dir, "fresh-"); err != nil {
			return nil, err
		}
	}
	config, err := yaml.Marshal(map[string]any{
		"connections": []any{map[string]any{"name": "compare", "url": s.at.URL}},
		"interval":    interval.String(), "looks_per_second": looks, "data_dir": filepath.Join(dir, "data"),
		"http": map[string]any{"address": "127.0.0.1:0", "metrics": map[string]any{"links": "unhealthy"}},
	})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if r.agent, err = measure.StartAgent(ctx, r.binary, dir, config); err != nil {
		return nil, err
	}
	if err := r.judged(ctx, s.mirrors); err != nil {
		r.agent.End()
		return nil, err
	}
	r.after = time.Since(began)
	return r.agent.End, nil
}

// judged waits until each link's verdict is one: not starting, and not unknown.
func (r *running) judged(ctx context.Context, links int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the agent had no verdict on every link within %s", patience))
	defer cancel()
	for {
		all, err := r.links()
		if err != nil {
			return err
		}
		are := 0
		for k := range all {
			if !all[k].Starting && all[k].Status != "unknown" {
				are++
			}
		}
		if are == links {
			return nil
		}
		if err := measure.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// meet lets the agent see all mirrors while they are well.
func (r *running) meet(ctx context.Context, s *scene) error {
	s.io.Tell("letting the agent see that all are well")
	end, err := r.prepare(ctx, s)
	if err != nil {
		return err
	}
	defer end()
	found, err := r.verdicts()
	if err == nil && (found.caught || found.wrong > 0) {
		err = fmt.Errorf("not all mirrors are well, says the agent: %+v", found)
	}
	return err
}

// look measures rounds of the running agent.
func (r *running) look(ctx context.Context, _ *scene) (l looked, err error) {
	before, err := r.now()
	if err != nil {
		return l, err
	}
	if err := measure.Sleep(ctx, time.Duration(r.rounds)*interval); err != nil {
		return l, err
	}
	after, err := r.now()
	if err != nil {
		return l, err
	}
	l.times = int(after.rounds - before.rounds)
	if l.times == 0 {
		return l, fmt.Errorf("no round came to its end in %s", time.Duration(r.rounds)*interval)
	}
	l.after, l.cpu = r.after, after.cpu-before.cpu
	l.wall = time.Duration((after.took - before.took) * float64(time.Second))
	m, err := measure.MemoryOf(r.agent.PID())
	if err != nil {
		return l, err
	}
	l.memory = m.Most
	l.found, err = r.verdicts()
	return l, err
}

// counted is what the agent tells of its rounds, and its CPU time.
type counted struct {
	rounds, took float64
	cpu          time.Duration
}

func (r *running) now() (c counted, err error) {
	there, err := measure.Scrape(r.agent.API+"/metrics", func(name, labels string, value float64) {
		switch {
		case !strings.Contains(labels, `scope="round"`):
		case name == roundCount:
			c.rounds = value
		case name == roundSum:
			c.took = value
		}
	})
	if err == nil && !there {
		err = errors.New("ask for metrics: the agent serves none")
	}
	if err != nil {
		return c, err
	}
	c.cpu, err = measure.CPUOf(r.agent.PID())
	return c, err
}

// watchedLink is a link as the agent tells it.
type watchedLink struct {
	linkVerdict
	Starting bool `json:"starting"`
}

func (r *running) links() (all []watchedLink, err error) {
	response, err := http.Get(r.agent.API + "/api/v1/links")
	if err != nil {
		return nil, fmt.Errorf("ask the agent: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the agent for links: %s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&all); err != nil {
		return nil, fmt.Errorf("understand the agent: %w", err)
	}
	return all, nil
}

func (r *running) verdicts() (verdicts, error) {
	all, err := r.links()
	if err != nil {
		return verdicts{}, err
	}
	links := make([]linkVerdict, len(all))
	for k := range all {
		links[k] = all[k].linkVerdict
	}
	return verdictsOfLinks(links), nil
}
