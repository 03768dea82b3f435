package outbox

import (
	"math"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// reminders adds to what is told what to remind of, if that is due and nothing told pages: the newest state of each incident that is
// critical and not silenced.
func (w *worker) reminders(g *group, going []*pending, active []pipeline.Silence, now time.Time) (more []*pending) {
	due := g.remindDue()
	if due.IsZero() || due.After(now) || w.draining || slices.ContainsFunc(going, (*pending).pages) {
		return nil
	}
	told := map[string]*pending{}
	for _, p := range going {
		told[p.incident] = p
	}
	any := false
	for id, m := range g.members {
		newest, p := m.told, told[id]
		if p != nil {
			newest = p.changes[len(p.changes)-1].Change
		}
		if newest == nil || newest.Kind.Ends() || newest.Incident.Level != pipeline.Critical || m.parked != nil ||
			covering(active, &newest.Incident) != nil {
			continue
		}
		c := *newest
		c.Kind, c.From, c.Found, c.At = pipeline.Reminded, c.Incident.Level, false, now
		if c.Silent > 0 {
			c.Silent += now.Sub(newest.At)
		}
		any = true
		e := entry{&c, nil, math.MaxInt}
		if p != nil {
			p.changes = append(p.changes, e)
		} else {
			more = append(more, &pending{incident: id, changes: []entry{e}})
		}
	}
	g.quiet = !any
	slices.SortFunc(more, func(a, b *pending) int { return worstFirst(a.changes[0].Change, b.changes[0].Change) })
	return more
}
