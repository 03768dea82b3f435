package pipeline

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a route has where the configuration says nothing.
const (
	DefaultGroupWait     = 2 * time.Second
	DefaultGroupInterval = 30 * time.Second
	DefaultRepeat        = 4 * time.Hour
)

// DefaultGroupBy is the labels whose changes travel together by default: they mostly share a cause.
func DefaultGroupBy() []string { return []string{LabelConnection, LabelVia, LabelRule} }

// Route says which changes go to which receivers, and how they travel together.
type Route struct {
	Name      string // unique; stays the same while the route does
	Match     Match
	Receivers []string // names
	Continue  bool     // the routes after it are asked too

	GroupBy       []string      // changes with equal values of these labels are one group; none: all are
	GroupWait     time.Duration // how long the first change of a group waits for others; and a page of a group that was not paged of lately
	GroupInterval time.Duration // least time between two batches of one group
	Repeat        time.Duration // a group with something critical open is told again after this time without a page; 0: never
}

// GroupKey names the group that an incident belongs to within a receiver: the values of the route's labels.
func (r *Route) GroupKey(i *Incident) string {
	var b strings.Builder
	for n, label := range r.GroupBy {
		if n > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(label + "=" + strconv.Quote(i.Label(label)))
	}
	return b.String()
}

// GroupLabels returns what a group's incidents have in common, without the labels that are empty.
func (r *Route) GroupLabels(i *Incident) map[string]string {
	labels := map[string]string{}
	for _, label := range r.GroupBy {
		if value := i.Label(label); value != "" {
			labels[label] = value
		}
	}
	return labels
}

// Routes is asked from the first to the last. What none matches goes to the last one all the same: nothing is lost for
// want of a route.
type Routes []Route

// For returns the routes of an incident, at least one where there is any: the first that matches, and while routes say
// Continue the next ones that match too.
func (r Routes) For(i *Incident) []*Route {
	var all []*Route
	for n := range r {
		if !r[n].Match.Matches(i) {
			continue
		}
		all = append(all, &r[n])
		if !r[n].Continue {
			return all
		}
	}
	if len(all) == 0 && len(r) > 0 {
		all = append(all, &r[len(r)-1])
	}
	return all
}

// Metadata returns the keys of stream metadata that routes and silences are about, sorted.
func (r Routes) Metadata() []string {
	var keys []string
	add := func(label string) {
		if key, ok := strings.CutPrefix(label, LabelMetadata); ok {
			keys = append(keys, key)
		}
	}
	for n := range r {
		for _, m := range r[n].Match {
			add(m.Label)
		}
		for _, label := range r[n].GroupBy {
			add(label)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
