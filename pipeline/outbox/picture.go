package outbox

import (
	"cmp"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// picture is a whole group as a notification shows it.
type picture struct {
	members     []*pipeline.Change
	open, ended int
}

// depict returns the group as it will be once its chain was told.
func (g *group) depict() picture {
	newest := map[string]*pipeline.Change{}
	for _, r := range g.chain {
		for _, c := range r.changes {
			newest[c.Incident.ID] = c
		}
	}
	p := picture{ended: g.ended}
	over := slices.Clone(g.over)
	for id, m := range g.members {
		c := newest[id]
		switch {
		case c == nil:
			c = m.told
		case c.Kind.Ends():
			over = append(over, c)
			p.ended++
			continue
		}
		if c != nil {
			p.members = append(p.members, c)
		}
	}
	p.open = len(p.members)
	slices.SortFunc(p.members, worstFirst)
	p.members = append(p.members, longest(over)...)
	return p
}

// worstFirst orders open incidents.
func worstFirst(a, b *pipeline.Change) int {
	x, y := &a.Incident, &b.Incident
	switch {
	case x.Level.Worse(y.Level):
		return -1
	case y.Level.Worse(x.Level):
		return 1
	}
	return cmp.Or(began(x).Compare(began(y)), cmp.Compare(x.ID, y.ID))
}

// longest returns the ends without a recovery, then those of incidents that lasted longest, at most MostEnded. It reorders ends.
func longest(ends []*pipeline.Change) []*pipeline.Change {
	slices.SortFunc(ends, func(a, b *pipeline.Change) int {
		if x, y := a.Kind == pipeline.Closed, b.Kind == pipeline.Closed; x != y { // an end without a recovery must not be cut off
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(lasted(b), lasted(a)), cmp.Compare(a.Incident.ID, b.Incident.ID))
	})
	if len(ends) > pipeline.MostEnded {
		clear(ends[pipeline.MostEnded:])
		ends = ends[:pipeline.MostEnded]
	}
	return ends
}

// lasted is how long it was dark, or for want of that open.
func lasted(c *pipeline.Change) time.Duration {
	if c.Silent > 0 {
		return c.Silent
	}
	return c.Incident.Ended.Sub(c.Incident.Opened)
}

func began(i *pipeline.Incident) time.Time {
	if i.Since.IsZero() {
		return i.Opened
	}
	return i.Since
}

// record is what the journal keeps of the group: what was told, with what is planned to be.
func (g *group) record(receiver string) pipeline.GroupRecord {
	r := pipeline.GroupRecord{
		Receiver: receiver, Group: g.id, Route: g.route, Key: g.key, Labels: g.labels, Receipt: g.receipt,
		Told: g.told, Paged: g.paged, Ended: g.ended, Open: make([]string, 0, len(g.members)),
	}
	planned := map[string]bool{}
	for _, row := range g.chain {
		for _, c := range row.changes {
			planned[c.Incident.ID] = !c.Kind.Ends()
		}
	}
	for id, m := range g.members {
		if m.told != nil || planned[id] {
			r.Open = append(r.Open, id)
		}
	}
	slices.Sort(r.Open)
	for _, c := range g.over {
		end := *c
		end.Incident.Diagnosis = pipeline.Diagnosis{}
		r.Over = append(r.Over, end)
	}
	return r
}
