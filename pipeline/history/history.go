// Package history answers questions about the past from the records of the audit: which incidents there were, and
// whether each link kept its limit. It reads what it is given and nothing else.
package history

import (
	"cmp"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// Source yields the records of the audit, oldest first, and returns the error that yield returns, or its own.
type Source func(yield func(pipeline.Record) error) error

// Incident is an incident with its changes.
type Incident struct {
	pipeline.Incident                   // after its newest change
	History           []pipeline.Change `json:"history"`            // oldest first; without those that are no longer kept
	Silenced          bool              `json:"silenced,omitempty"` // some of them were withheld from a receiver
}

// Filter says which incidents to tell of. A zero field leaves everything in.
type Filter struct {
	From, To time.Time      // some of its life is in between; To itself is out
	Match    pipeline.Match // as it was after its newest change
	Rule     string
	Open     bool // only those that are open
	Limit    int  // only so many, the newest ones
}

// Incidents returns the incidents that the filter lets through, by their opening, the oldest first.
func Incidents(records Source, f Filter) ([]Incident, error) {
	c := collector{Filter: f, open: map[string]*Incident{}}
	if err := records(c.take); err != nil {
		return nil, err
	}
	all := c.ended
	for _, i := range c.open {
		if f.passes(i) {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, byOpening)
	if f.Limit > 0 {
		all = all[max(0, len(all)-f.Limit):]
	}
	out := make([]Incident, len(all))
	for n, i := range all {
		out[n] = *i
		for _, change := range i.History {
			out[n].Silenced = out[n].Silenced || c.withheld[change.Key()]
		}
	}
	return out, nil
}

func byOpening(a, b *Incident) int {
	return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
}

// passes tells whether the incident is to be told of. One that was open before From may have ended since.
func (f *Filter) passes(i *Incident) bool {
	switch {
	case f.Open && !i.Ended.IsZero(),
		!f.To.IsZero() && !i.Opened.Before(f.To),
		!i.Ended.IsZero() && i.Ended.Before(f.From),
		f.Rule != "" && f.Rule != i.Rule:
		return false
	}
	return f.Match.Matches(&i.Incident)
}

// collector keeps what may pass: of a long history with a Limit, not much more than that.
type collector struct {
	Filter
	open     map[string]*Incident
	ended    []*Incident
	withheld map[string]bool // by Change.Key
}

func (c *collector) take(r pipeline.Record) error {
	if e := r.Event; e != nil && e.Kind == pipeline.EventWithheld {
		for _, key := range e.Changes {
			if c.withheld == nil {
				c.withheld = map[string]bool{}
			}
			c.withheld[key] = true
		}
	}
	if r.Change == nil || r.Change.Test || c.Rule != "" && r.Change.Incident.Rule != c.Rule {
		return nil
	}
	id := r.Change.Incident.ID
	i := c.open[id]
	if i == nil {
		i = &Incident{}
		c.open[id] = i
	}
	i.Incident, i.History = r.Change.Incident, append(i.History, *r.Change)
	if !r.Change.Kind.Ends() {
		return nil
	}
	delete(c.open, id)
	if c.passes(i) {
		c.ended = append(c.ended, i)
	}
	if c.Limit > 0 && len(c.ended) > 2*c.Limit {
		slices.SortFunc(c.ended, byOpening)
		c.ended = slices.Clone(c.ended[len(c.ended)-c.Limit:])
	}
	return nil
}
