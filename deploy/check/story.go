package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// broken are the alerts that a broken link fires, by way of the agent's verdict and by way of its age; all others stay quiet.
var broken = []string{"ReplicationCritical", "ReplicationUnproven"}

// down fires where the agent's page is not served any more.
const down = "MirrorwatchDown"

// run checks the files, and then tries them while a link is whole, broken and whole again, and when the agent is gone.
func (c *check) run(ctx context.Context) error {
	if err := c.lint(ctx); err != nil {
		return err
	}
	d, err := readDashboard(c.Dir)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mirrorwatch-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	endpoint, through := "", ""
	if c.Collector != "" {
		one, err := c.startCollector(ctx, dir)
		if err != nil {
			return err
		}
		defer one.end()
		endpoint, through = one.endpoint, one.metrics
		c.say("The Collector runs with collector.yaml.")
	}
	s, err := build(ctx, dir, endpoint)
	if err != nil {
		return err
	}
	defer s.close()
	c.say("The agent runs: %s", s.page)
	defer func() {
		for _, w := range c.ways {
			w.end()
		}
	}()
	at, err := url.Parse(s.page)
	if err != nil {
		return err
	}
	page, err := c.startWay(ctx, dir, "mirrorwatch", at.Host)
	if err != nil {
		return err
	}
	if through != "" {
		if _, err := c.startWay(ctx, dir, "otel-collector", through); err != nil {
			return err
		}
	}
	return c.story(ctx, s, d, page)
}

func (c *check) story(ctx context.Context, s *play, d *dashboard, page *way) error {
	if err := c.awaitWell(ctx); err != nil {
		return err
	}
	c.say("THE LINK IS CUT.")
	s.Link.Cut()
	if err := c.awaitFiring(ctx, 3*time.Minute, broken, c.ways...); err != nil {
		return err
	}
	if err := c.lintPage(ctx, s.page); err != nil {
		return err
	}
	var empty []string
	for _, w := range c.ways {
		c.say("The dashboard, from the job %s:", w.job)
		none, err := c.tryDashboard(ctx, d, w)
		if err != nil {
			return err
		}
		for _, e := range none {
			empty = append(empty, w.job+": "+e)
		}
	}
	if len(empty) > 0 {
		return fmt.Errorf("nothing to show:\n%s", strings.Join(empty, "\n"))
	}
	c.say("THE LINK IS RESTORED.")
	s.Link.Restore()
	if err := c.awaitFiring(ctx, 3*time.Minute, nil, c.ways...); err != nil {
		return err
	}
	c.say("THE AGENT ENDS.")
	s.endAgent()
	if err := c.awaitFiring(ctx, 4*time.Minute, []string{down}, page); err != nil {
		return err
	}
	c.say("All of it is as it should be.")
	return nil
}

// awaitWell waits until the link is proven on all ways, and nothing fires.
func (c *check) awaitWell(ctx context.Context) error {
	for _, w := range c.ways {
		err := await(ctx, time.Minute, "the link is proven on the way of the job "+w.job, func() (bool, error) {
			n, err := w.show(ctx, "nats_replication_status == 0 and on (nats_stream_name) nats_replication_last_seen_age_seconds", true)
			return n > 0, err
		})
		if err != nil {
			return err
		}
	}
	return c.awaitFiring(ctx, time.Minute, nil, c.ways...)
}

// awaitFiring waits until exactly these alerts fire on each of the ways, and says so. Another one that fires is an error.
func (c *check) awaitFiring(ctx context.Context, patience time.Duration, names []string, on ...*way) error {
	for _, w := range on {
		var quiet int
		err := await(ctx, patience, fmt.Sprintf("of the job %s fire: %s", w.job, strings.Join(names, ", ")), func() (bool, error) {
			states, err := w.alerts(ctx)
			if err != nil {
				return false, err
			}
			firing := firing(states)
			quiet = len(states) - len(firing)
			for _, name := range firing {
				if !slices.Contains(names, name) && !slices.Contains(broken, name) { // those may end late
					return false, fmt.Errorf("of the job %s, %s fires", w.job, name)
				}
			}
			return slices.Equal(firing, names) && len(states) > 0, nil
		})
		if err != nil {
			return err
		}
		fired := "none"
		if len(names) > 0 {
			fired = strings.Join(names, ", ")
		}
		c.say("  job %s: fired: %s; %d alerts are quiet", w.job, fired, quiet)
	}
	return nil
}

func firing(states map[string]string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if states[name] == "firing" {
			names = append(names, name)
		}
	}
	return names
}

// lint lets promtool look at the files.
func (c *check) lint(ctx context.Context) error {
	for _, args := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"},
		{"check", "config", "--lint=all", "--lint-fatal", "prometheus.yaml"},
		{"test", "rules", "rules_test.yaml"},
	} {
		promtool := exec.CommandContext(ctx, c.Promtool, args...)
		promtool.Dir = filepath.Join(c.Dir, "prometheus")
		if out, err := promtool.CombinedOutput(); err != nil {
			return fmt.Errorf("promtool %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		c.say("promtool %s: clean", strings.Join(args, " "))
	}
	return nil
}

// lintPage lets promtool look at a page of the agent.
func (c *check) lintPage(ctx context.Context, page string) error {
	response, err := http.Get(page)
	if err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	defer response.Body.Close()
	promtool := exec.CommandContext(ctx, c.Promtool, "check", "metrics")
	promtool.Stdin = response.Body
	out, err := promtool.CombinedOutput()
	if err == nil && len(out) > 0 {
		err = errors.New("it says")
	}
	if err != nil {
		return fmt.Errorf("promtool check metrics: %w\n%s", err, out)
	}
	c.say("promtool check metrics, on the agent's page: clean")
	return nil
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address) // it was listened on
	return port
}
