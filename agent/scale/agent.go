package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"mirrorwatch/agent/internal/measure"
	"mirrorwatch/pipeline"
)

// agentFlags say which agent is measured, and where it keeps its things.
type agentFlags struct {
	Agent string `help:"A mirrorwatch that was built before; left out: it is built." placeholder:"FILE" type:"existingfile"`
	Dir   string `help:"Where the agent's configuration, journal and log are kept; left out: nowhere." placeholder:"DIRECTORY"`
}

// workshop is where agents are run.
type workshop struct {
	dir, binary string
	close       func()
	agents      int
}

// open builds the agent and makes its directory.
func (c *agentFlags) open(ctx context.Context, io *measure.Console) (*workshop, error) {
	w := &workshop{dir: c.Dir, binary: c.Agent, close: func() {}}
	var err error
	if w.dir == "" {
		if w.dir, err = os.MkdirTemp("", "scale-"); err != nil {
			return nil, err
		}
		w.close = func() { _ = os.RemoveAll(w.dir) }
	} else if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return nil, err
	}
	if w.binary != "" {
		return w, nil
	}
	io.Tell("building mirrorwatch")
	w.binary = filepath.Join(w.dir, "mirrorwatch")
	if err := measure.Build(ctx, io.Log, "mirrorwatch/agent/mirrorwatch", w.binary); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// agentConfig is what differs between the agents that are run.
type agentConfig struct {
	url, user string
	interval  time.Duration
	looks     int
	collector string // OTLP endpoint; empty: none
	events    string // OTLP endpoint that is told of changes; empty: none
	webhook   string // URL of a receiver; empty: none
	retention string // how much of the audit is kept; empty: the default
	series    string // which links have series of their own on /metrics; empty: those that are not well
}

// file is the agent's configuration.
func (c *agentConfig) file(dir string) ([]byte, error) {
	connection := map[string]any{"name": "scale", "url": c.url, "user": c.user, "password": password}
	if c.user == userSystem {
		connection["scope"] = "system"
	}
	exporters := map[string]any{}
	file := map[string]any{
		"connections": []any{connection}, "interval": c.interval.String(), "looks_per_second": c.looks,
		"data_dir": filepath.Join(dir, "data"), "exporters": exporters,
		"http": map[string]any{"address": "127.0.0.1:0", "metrics": map[string]any{"links": cmp.Or(c.series, "unhealthy")}},
	}
	if c.retention != "" {
		file["retention"] = map[string]any{"size": c.retention}
	}
	if c.collector != "" {
		exporters["otlp"] = map[string]any{"endpoint": c.collector, "interval": exportEvery.String()}
	}
	if c.events != "" {
		exporters["otlplog"] = []any{map[string]any{"name": "events", "endpoint": c.events}}
	}
	if c.webhook != "" {
		exporters["webhook"] = []any{map[string]any{"name": "first", "url": c.webhook, "body": "native"}}
		file["routes"] = []any{map[string]any{
			"receivers": []string{"first"}, "group_by": []string{pipeline.LabelIncident}, "group_wait": "0s",
		}}
	}
	return yaml.Marshal(file)
}

// agent is mirrorwatch run, which can be asked.
type agent struct{ *measure.Agent }

// start runs an agent in a directory of its own until ctx ends, or End, and returns once it serves HTTP.
func (w *workshop) start(ctx context.Context, c *agentConfig) (*agent, error) {
	w.agents++
	dir := filepath.Join(w.dir, fmt.Sprintf("agent-%d", w.agents))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	config, err := c.file(dir)
	if err != nil {
		return nil, err
	}
	a, err := measure.StartAgent(ctx, w.binary, dir, config)
	if err != nil {
		return nil, err
	}
	return &agent{a}, nil
}
