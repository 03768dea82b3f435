package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"

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
func (c *agentFlags) open(ctx context.Context, io *console) (*workshop, error) {
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
	io.tell("building mirrorwatch")
	w.binary = filepath.Join(w.dir, "mirrorwatch")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", w.binary, "mirrorwatch/agent/mirrorwatch")
	build.Stdout, build.Stderr = io.log, io.log
	if err := build.Run(); err != nil {
		w.close()
		return nil, fmt.Errorf("build mirrorwatch: %w", err)
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

// agent is mirrorwatch run, in a process of its own.
type agent struct {
	cmd   *exec.Cmd
	api   string
	ended chan struct{}
}

// start runs an agent until ctx ends, or end, and returns once it serves HTTP.
func (w *workshop) start(ctx context.Context, c *agentConfig) (*agent, error) {
	w.agents++
	dir := filepath.Join(w.dir, fmt.Sprintf("agent-%d", w.agents))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	text, err := c.file(dir)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	a := &agent{cmd: exec.CommandContext(ctx, w.binary, "run", "--config", config), ended: make(chan struct{})}
	lines, err := a.cmd.StderrPipe()
	if err == nil {
		err = a.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start the agent: %w", err)
	}
	listening := make(chan string, 1)
	go a.follow(io.TeeReader(lines, log), log, listening)
	select {
	case address := <-listening:
		a.api = "http://" + address
		return a, nil
	case <-a.ended:
		said, _ := os.ReadFile(log.Name()) // nothing is said, then
		return nil, fmt.Errorf("start the agent: it ended: %s", said)
	case <-time.After(time.Minute):
		a.end()
		return nil, errors.New("start the agent: it does not say where it listens")
	}
}

// follow reads the agent's log to its end, and tells where it listens.
func (a *agent) follow(lines io.Reader, log io.Closer, listening chan<- string) {
	defer close(a.ended)
	defer log.Close()
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line struct {
			Text string `json:"msg"`
			HTTP string `json:"http"`
		}
		if json.Unmarshal(scanner.Bytes(), &line) == nil && line.Text == "mirrorwatch runs" {
			select {
			case listening <- line.HTTP:
			default:
			}
		}
	}
	_ = a.cmd.Wait() // how it ended, its log tells
}

func (a *agent) pid() int { return a.cmd.Process.Pid }

// end ends the agent as an operator would, and waits for it.
func (a *agent) end() {
	_ = a.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-a.ended:
	case <-time.After(30 * time.Second):
		_ = a.cmd.Process.Kill() // as before
		<-a.ended
	}
}
