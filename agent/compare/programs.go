package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"mirrorwatch/agent/internal/measure"
)

// started is no preparation: a program that is started for each look.
type started struct{}

func (started) prepare(context.Context, *scene) (func(), error) { return func() {}, nil }

// checkTool is mirrorwatch check.
type checkTool struct {
	started
	binary string
}

const checkTimes = 3

func (*checkTool) name() string { return "mirrorwatch check" }

func (c *checkTool) look(ctx context.Context, s *scene) (l looked, err error) {
	for range checkTimes {
		done, err := measure.Run(exec.CommandContext(ctx, c.binary, "check", "--url="+s.at.URL, "--output=json"))
		if err != nil {
			return l, err
		}
		l.took(&done)
		if l.found, err = verdictsOfCheck(done.Stdout); err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *looked) took(d *measure.Done) {
	l.times++
	l.cpu, l.memory = l.cpu+d.CPU, max(l.memory, d.Most)
}

// linkVerdict is what mirrorwatch says of one link, as a check or the agent tells it.
type linkVerdict struct {
	Stream string   `json:"stream"`
	Status string   `json:"status"`
	Reason string   `json:"reason"`
	Detail string   `json:"detail"` // a check's only
	Silent *float64 `json:"silent_for_seconds"`
}

func (l *linkVerdict) words() string {
	text := l.Status
	if l.Reason != "" {
		text += ", " + l.Reason
	}
	if l.Silent != nil {
		text += fmt.Sprintf(", silent for %.0f s", *l.Silent)
	}
	if l.Detail != "" {
		text += ": " + l.Detail
	}
	return text
}

func verdictsOfLinks(links []linkVerdict) (v verdicts) {
	for k := range links {
		l := &links[k]
		v.add(l.Stream, l.words(), l.Status == "ok")
	}
	return v
}

func verdictsOfCheck(text string) (verdicts, error) {
	var report struct {
		Links []linkVerdict `json:"links"`
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		return verdicts{}, fmt.Errorf("understand the check: %w", err)
	}
	return verdictsOfLinks(report.Links), nil
}

// cliTool is nats server check stream, a process for each stream, one after another.
type cliTool struct {
	binary string
	home   string   // where it keeps its things
	names  []string // of all mirrors: it does not find them by itself
}

func (*cliTool) name() string { return "nats server check stream, a process a stream" }

func (c *cliTool) prepare(ctx context.Context, s *scene) (end func(), err error) {
	c.names, err = s.names(ctx)
	return func() {}, err
}

func (c *cliTool) look(ctx context.Context, s *scene) (l looked, err error) {
	for _, name := range c.names {
		cmd := exec.CommandContext(ctx, c.binary, "--server="+s.at.URL, "server", "check", "stream", "--stream="+name)
		cmd.Env = append(os.Environ(), "HOME="+c.home, "XDG_CONFIG_HOME="+c.home)
		done, err := measure.Run(cmd)
		if err != nil {
			return l, err
		}
		l.took(&done)
		l.found.add(name, strings.TrimSpace(done.Stdout), done.Code == 0)
	}
	l.times = 1
	return l, nil
}

// names lists all mirrors.
func (s *scene) names(ctx context.Context) (names []string, err error) {
	leave, js, err := connect(s.at.URL)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := js.StreamNames(ctx)
	for name := range list.Name() {
		if strings.HasPrefix(name, "MIRROR_") {
			names = append(names, name)
		}
	}
	if len(names) != s.mirrors {
		return nil, fmt.Errorf("list mirrors: there are %d of %d: %w", len(names), s.mirrors, list.Err())
	}
	return names, nil
}

// loopTool is plainloop.
type loopTool struct {
	started
	binary string
}

const loopTimes = 5

func (*loopTool) name() string { return "plain loop (names, then STREAM.INFO each)" }

func (c *loopTool) look(ctx context.Context, s *scene) (l looked, err error) {
	for range loopTimes {
		done, err := measure.Run(exec.CommandContext(ctx, c.binary, s.at.URL))
		if err != nil {
			return l, err
		}
		if done.Code != 0 {
			return l, fmt.Errorf("it ended with %d", done.Code)
		}
		l.took(&done)
		if l.found, err = verdictsOfLoop(done.Stdout); err != nil {
			return l, err
		}
	}
	return l, nil
}

func verdictsOfLoop(text string) (v verdicts, err error) {
	for line := range strings.Lines(text) {
		name, words, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return v, fmt.Errorf("understand the loop: %q", line)
		}
		v.add(name, words, strings.HasPrefix(words, "ok:"))
	}
	return v, nil
}
