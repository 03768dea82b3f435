package outbox

import (
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// heedSilences looks again at what is withheld and what is planned, if other silences are in force than before. It returns
// when that is so next; zero: never.
func (w *worker) heedSilences(now time.Time) (next time.Time) {
	active, version, next := w.gate.at(now)
	if version == w.silences {
		return next
	}
	if w.direct {
		active = nil
	}
	w.silences = version
	for _, g := range w.groups {
		g.quiet = false
		g.unplan()
		g.free(active, now)
		g.recount()
		w.queue.put(g, now, w.draining)
	}
	return next
}

// unplan puts batches that were planned and not yet sent back to those that wait.
func (g *group) unplan() {
	planned := func(r *row) bool { return r.Attempts == 0 }
	var back []*row
	for _, r := range g.chain {
		if planned(r) {
			back = append(back, r)
		}
	}
	if back != nil {
		g.chain = slices.DeleteFunc(slices.Clone(g.chain), planned)
		g.waiting = append(back, g.waiting...)
	}
}

// free finds the incidents whose withheld changes no silence covers any more, or another one does.
func (g *group) free(active []pipeline.Silence, now time.Time) {
	if g.heldRows == 0 {
		return
	}
	newest := map[string]*pipeline.Change{}
	for _, r := range g.waiting {
		for _, c := range r.changes {
			newest[c.Incident.ID] = c
		}
	}
	for _, r := range g.waiting {
		if r.Held == "" {
			continue
		}
		for _, c := range r.changes {
			m, by := g.members[c.Incident.ID], covering(active, &newest[c.Incident.ID].Incident)
			switch {
			case m == nil:
			case by != nil && by.ID == r.Held:
				m.free = time.Time{}
			case m.free.IsZero():
				m.free = now
			}
		}
	}
}
