package agent

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Bounds of what a route may say.
const (
	maxGroupWait     = 10 * time.Minute
	maxGroupInterval = 24 * time.Hour
	minRepeat        = time.Minute
)

// RouteConfig says which changes go to which receivers, and how they travel together.
type RouteConfig struct {
	Name          string        `koanf:"name"` // empty: its place, such as routes[0]
	Match         MatchConfig   `koanf:"match"`
	Receivers     OneOrMore     `koanf:"receivers"`
	Continue      bool          `koanf:"continue"`
	GroupBy       OneOrMore     `koanf:"group_by"` // empty: all changes of the route are one group
	GroupWait     time.Duration `koanf:"group_wait"`
	GroupInterval time.Duration `koanf:"group_interval"`
	Repeat        time.Duration `koanf:"repeat"` // 0: never
}

// DefaultRoute returns a route without receivers that matches everything.
func DefaultRoute() RouteConfig {
	return RouteConfig{
		GroupWait: pipeline.DefaultGroupWait, GroupInterval: pipeline.DefaultGroupInterval, Repeat: pipeline.DefaultRepeat,
	}
}

// complete fills in what is known only once the whole route was read.
func (c *RouteConfig) complete() {
	if c.GroupBy == nil {
		c.GroupBy = pipeline.DefaultGroupBy()
	}
}

func (c *RouteConfig) route(place int) pipeline.Route {
	return pipeline.Route{
		Name:  cmp.Or(c.Name, fmt.Sprintf("routes[%d]", place)),
		Match: c.Match.Match(), Receivers: c.Receivers, Continue: c.Continue,
		GroupBy: c.GroupBy, GroupWait: c.GroupWait, GroupInterval: c.GroupInterval, Repeat: c.Repeat,
	}
}

// restOf is the name of the route that takes what no configured one matches.
const restOf = "everything else"

// unrouted is the names of the event logs that no route is about: they need none, and are told of every change.
func (c *Config) unrouted() []string {
	var names []string
	for i := range c.Exporters.OTLPLog {
		name := c.Exporters.OTLPLog[i].Name
		if !slices.ContainsFunc(c.Routes, func(r RouteConfig) bool { return slices.Contains(r.Receivers, name) }) {
			names = append(names, name)
		}
	}
	return names
}

// routed is the names of the receivers that hear of what routes bring them.
func (c *Config) routed() []string {
	unrouted := c.unrouted()
	return slices.DeleteFunc(c.Exporters.names(), func(name string) bool { return slices.Contains(unrouted, name) })
}

// routes returns the configured routes. Where none of them matches everything, one more sends what is left to every
// receiver that there are routes for.
func (c *Config) routes() pipeline.Routes {
	var all pipeline.Routes
	open := true
	for i := range c.Routes {
		all = append(all, c.Routes[i].route(i))
		open = open && len(all[i].Match) > 0
	}
	if names := c.routed(); open && len(names) > 0 {
		rest := DefaultRoute()
		rest.Name, rest.Receivers = restOf, names
		rest.complete()
		all = append(all, rest.route(len(all)))
	}
	return all
}

func (c *Config) validateRoutes(report func(path, problem string)) {
	known := c.Exporters.names()
	names := map[string]string{}
	for i := range c.Routes {
		at := fmt.Sprintf("routes[%d]", i)
		unique(names, c.Routes[i].Name, at, report)
		c.Routes[i].validate(known, under(at, report))
		for n, before := range c.Routes[:i] {
			if before.Continue || !before.Match.covers(&c.Routes[i].Match) {
				continue
			}
			what := "all of it"
			if len(before.Match.Match()) == 0 {
				what = "everything"
			}
			report(at, fmt.Sprintf("is never asked: routes[%d] matches %s and does not continue", n, what))
			break
		}
	}
}

// covers tells whether whatever other matches is certainly matched by c.
func (c *MatchConfig) covers(other *MatchConfig) bool {
	return len(c.Match()) == 0 || reflect.DeepEqual(c.Match(), other.Match())
}

func (c *RouteConfig) validate(known []string, report func(path, problem string)) {
	c.Match.validate(under("match", report))
	if len(c.Receivers) == 0 {
		report("receivers", "is missing; name who is told"+among(known))
	}
	for i, name := range c.Receivers {
		at := textAt("receivers", c.Receivers, i)
		switch {
		case !slices.Contains(known, name):
			report(at, fmt.Sprintf("%q is no receiver's name%s", name, among(known)))
		case slices.Index(c.Receivers, name) < i:
			report(at, fmt.Sprintf("%q is named twice", name))
		}
	}
	for i, label := range c.GroupBy {
		if !pipeline.KnownLabel(label) {
			report(textAt("group_by", c.GroupBy, i), fmt.Sprintf("%q is no label: want some of %s, metadata.KEY", label,
				strings.Join(pipeline.LabelNames(), ", ")))
		}
	}
	if c.GroupWait < 0 || c.GroupWait > maxGroupWait {
		report("group_wait", fmt.Sprintf("%s: want 0s to %s", durationText(c.GroupWait), durationText(maxGroupWait)))
	}
	if c.GroupInterval < 0 || c.GroupInterval > maxGroupInterval {
		report("group_interval", fmt.Sprintf("%s: want 0s to %s", durationText(c.GroupInterval), durationText(maxGroupInterval)))
	}
	if c.Repeat != 0 && c.Repeat < minRepeat {
		report("repeat", fmt.Sprintf("%s: want at least %s, or 0 for never", durationText(c.Repeat), durationText(minRepeat)))
	}
}

// textAt is the path of one text of a list that may have been written as a single one.
func textAt(key string, list OneOrMore, i int) string {
	if len(list) == 1 {
		return key
	}
	return fmt.Sprintf("%s[%d]", key, i)
}

// among tells which names there are.
func among(names []string) string {
	if len(names) == 0 {
		return ": there is none under exporters"
	}
	return " (there are " + strings.Join(names, ", ") + ")"
}

// remarkRoutes tells what becomes of changes and receivers that no route names.
func (c *Config) remarkRoutes(report func(path, text string)) {
	connections := make([]string, len(c.Connections))
	for i := range c.Connections {
		connections[i] = c.Connections[i].Name
	}
	named := map[string]bool{c.Fallback.Receiver: true}
	for _, name := range c.unrouted() {
		named[name] = true
	}
	all := c.routes()
	for _, r := range all {
		for _, name := range r.Receivers {
			named[name] = true
		}
	}
	for i := range c.Routes {
		c.Routes[i].Match.remark(connections, under(fmt.Sprintf("routes[%d].match", i), report))
	}
	for i := range c.Maintenance {
		c.Maintenance[i].Match.remark(connections, under(fmt.Sprintf("maintenance[%d].match", i), report))
	}
	if len(c.Routes) > 0 && all[len(all)-1].Name == restOf && len(all) > len(c.Routes) {
		report("routes", "what none of them matches goes to every receiver; end the list with a route without match to choose who hears of it")
	}
	c.Exporters.eachReceiver(func(path, name string) {
		if !named[name] {
			report(path, fmt.Sprintf("%q is named by no route: it is told of nothing", name))
		}
	})
}

// metadata is the keys of stream metadata that routes and windows are about, sorted.
func (c *Config) metadata() []string {
	asked := c.routes()
	for i := range c.Maintenance {
		asked = append(asked, pipeline.Route{Match: c.Maintenance[i].Match.Match()})
	}
	return asked.Metadata()
}
