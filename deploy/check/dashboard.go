package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// dashboard is what is read of deploy/grafana/dashboard.json.
type dashboard struct {
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []panel
}

// panel is a panel or a row's title, which has no targets.
type panel struct {
	Title   string
	Targets []struct {
		Expr    string
		Instant bool
	}
}

func readDashboard(dir string) (*dashboard, error) {
	text, err := os.ReadFile(filepath.Join(dir, "grafana", "dashboard.json"))
	if err != nil {
		return nil, err
	}
	d := &dashboard{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("read dashboard.json: %w", err)
	}
	return d, nil
}

// shownTime is the time that the dashboard is looked at.
const shownTime = 3 * time.Minute

// filled puts in for variables what Grafana does for "All".
func filled(expr string) string {
	return strings.NewReplacer(
		"$job", ".*", "$instance", ".*", "$connection", ".*",
		"$__rate_interval", "1m", "$__range", fmt.Sprintf("%ds", int(shownTime.Seconds())),
	).Replace(expr)
}

// tryDashboard runs every query of the dashboard, and returns those that have nothing to show.
func (c *check) tryDashboard(ctx context.Context, d *dashboard, w *way) (empty []string, err error) {
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		match, label, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(filled(v.Definition), "label_values("), ")"), ", ")
		for more := true; more && strings.Contains(label, ", "); { // the last one counts: selectors have commas too
			var before string
			before, label, more = strings.Cut(label, ", ")
			match += ", " + before
		}
		var values []string
		if !ok {
			return nil, fmt.Errorf("variable %s: %s is no label_values(METRIC, LABEL)", v.Name, v.Definition)
		}
		if err := w.ask(ctx, "/label/"+label+"/values", url.Values{"match[]": {match}}, &values); err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Name, err)
		}
		if len(values) == 0 {
			empty = append(empty, "variable "+v.Name)
		}
		c.say("  variable %s: %s", v.Name, strings.Join(values, ", "))
	}
	for _, p := range d.Panels {
		var series []string
		for _, t := range p.Targets {
			n, err := w.show(ctx, filled(t.Expr), t.Instant)
			if err != nil {
				return nil, fmt.Errorf("panel %q, %s: %w", p.Title, t.Expr, err)
			}
			if n == 0 {
				empty = append(empty, fmt.Sprintf("panel %q: %s", p.Title, t.Expr))
			}
			series = append(series, strconv.Itoa(n))
		}
		if len(series) > 0 {
			c.say("  %s: %s series", p.Title, strings.Join(series, " + "))
		}
	}
	return empty, nil
}

// show runs a query as a panel does, and tells how many series it shows.
func (w *way) show(ctx context.Context, expr string, instant bool) (int, error) {
	now := float64(time.Now().UnixMilli()) / 1e3
	at := func(t float64) []string { return []string{strconv.FormatFloat(t, 'f', 3, 64)} }
	path, values := "/query", url.Values{"query": {expr}, "time": at(now)}
	if !instant {
		path = "/query_range"
		values = url.Values{"query": {expr}, "start": at(now - shownTime.Seconds()), "end": at(now), "step": {"5s"}}
	}
	var r result
	err := w.ask(ctx, path, values, &r)
	return r.shown(), err
}
