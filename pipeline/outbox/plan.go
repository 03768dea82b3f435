package outbox

import (
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// fate is what becomes of an incident's waiting changes when their group is due.
type fate int

const (
	fateGo   fate = iota // they are told
	fateStay             // they wait for an earlier batch
	fateHold             // a silence withholds them
	fateDrop             // they are never told: it came and went while it was silenced
)

// pending is what waits of one incident.
type pending struct {
	incident string
	changes  []entry
	fate     fate
	silence  *pipeline.Silence // with fateHold and fateDrop, where one is in force
	held     bool              // some of it was withheld before
	order    int               // of its first change
}

// entry is one waiting change.
type entry struct {
	*pipeline.Change
	from *row
	seq  int // among all that waits
}

// plan decides on all that waits in a group that is due, and returns the batch to send first; nil: nothing is to be told.
// What the journal must know of it is left in w.unsaved.
func (w *worker) plan(g *group, now time.Time) *row {
	due := g.due(w.draining)
	active, _, _ := w.gate.at(now)
	if w.direct {
		active = nil
	}
	all := w.weighFates(g, active)
	going := w.sortOut(g, all, now)
	going = append(going, w.reminders(g, going, active, now)...)
	if due.IsZero() || due.After(now) {
		due = now
	}
	w.chain(g, going, due)
	g.recount()
	w.keepLiving(g)
	if len(g.chain) == 0 {
		return nil
	}
	g.replanned = true
	p := g.depict()
	for _, r := range g.chain {
		if r.Attempts == 0 {
			r.picture = p
		}
	}
	return g.chain[0]
}

// keepLiving takes out of the merged batches those whose key another one bears now.
func (w *worker) keepLiving(g *group) {
	living := map[string]bool{}
	for _, r := range g.rows() {
		living[r.Key] = true
	}
	w.unsaved.Merged = slices.DeleteFunc(w.unsaved.Merged, func(id pipeline.BatchID) bool { return living[id.Key] })
}

// weighFates gathers what waits by incident, in the order of first changes, and decides on each.
func (w *worker) weighFates(g *group, active []pipeline.Silence) (all []*pending) {
	byID := map[string]*pending{}
	seq := 0
	for _, r := range g.waiting {
		for _, c := range r.changes {
			p := byID[c.Incident.ID]
			if p == nil {
				p = &pending{incident: c.Incident.ID, order: seq}
				byID[p.incident] = p
				all = append(all, p)
			}
			p.changes = append(p.changes, entry{c, r, seq})
			p.held = p.held || r.Held != ""
			seq++
		}
	}
	planned := map[string]bool{}
	for _, r := range g.chain {
		for _, c := range r.changes {
			planned[c.Incident.ID] = true
		}
	}
	for _, p := range all {
		m := w.join(g, p.incident)
		w.decide(p, m, m.told != nil || planned[p.incident], active)
	}
	return all
}

// decide finds the fate of an incident's changes; told: the receiver has heard of it.
func (w *worker) decide(p *pending, m *member, told bool, active []pipeline.Silence) {
	last := p.changes[len(p.changes)-1]
	ends := last.Kind.Ends()
	p.silence = covering(active, &last.Incident)
	switch {
	case m.parked != nil:
		p.fate = fateStay
	case p.silence != nil && ends && !told && p.quiet(p.silence):
		p.fate = fateDrop
	case p.silence != nil && !ends:
		p.fate, m.free, m.loud = fateHold, time.Time{}, !p.quiet(p.silence)
	case p.silence == nil && p.held && ends && !told && !m.loud && !last.At.After(m.free):
		p.fate = fateDrop
	}
}

// sortOut takes what is not to stay out of waiting, splits rows where it must, and returns the incidents to tell of.
func (w *worker) sortOut(g *group, all []*pending, now time.Time) (going []*pending) {
	byID := make(map[string]*pending, len(all))
	audit := newAuditing(w.Name, now)
	for _, p := range all {
		byID[p.incident] = p
		switch p.fate {
		case fateGo:
			going = append(going, p)
		case fateDrop:
			w.forget(g, p.incident)
		}
	}
	var left []*row
	for _, r := range g.waiting {
		left = append(left, w.split(r, byID, audit)...)
	}
	g.waiting = left
	w.unsaved.Events = append(w.unsaved.Events, audit.events()...)
	return going
}

// split returns what stays of a row: all of it, or new rows with parts of it; the others are told, or dropped.
func (w *worker) split(r *row, byID map[string]*pending, audit *auditing) (left []*row) {
	parts := map[string]*row{}
	dropped := 0
	for _, c := range r.changes {
		p := byID[c.Incident.ID]
		label := r.Held
		switch p.fate {
		case fateDrop:
			dropped++
			audit.drop(c, p.silence)
			continue
		case fateGo:
			if r.Held != "" {
				audit.release(c)
			}
			continue
		case fateHold:
			label = p.silence.ID
			if r.Held != label {
				audit.withhold(c, p.silence)
			}
		}
		part := parts[label]
		if part == nil {
			part = &row{to: w, Batch: r.Batch}
			part.Held = label
			parts[label] = part
			left = append(left, part)
		}
		part.changes = append(part.changes, c)
	}
	if len(left) == 1 && len(left[0].changes) == len(r.changes) {
		if r.Held != left[0].Held {
			r.Held = left[0].Held
			w.unsaved.Batches = append(w.unsaved.Batches, r.full())
		}
		return []*row{r}
	}
	for _, part := range left {
		part.Key = batchKey(part.changes)
		w.unsaved.Batches = append(w.unsaved.Batches, part.full())
	}
	if dropped == len(r.changes) {
		w.unsaved.Done = append(w.unsaved.Done, r.BatchID)
	} else {
		w.unsaved.Merged = append(w.unsaved.Merged, r.BatchID)
	}
	return left
}

// quiet tells whether a silence covers all that asks for attention: one of warnings does not withhold that it was critical.
func (p *pending) quiet(by *pipeline.Silence) bool {
	return !slices.ContainsFunc(p.changes, func(e entry) bool { return e.Kind.Pings() && !by.Match.Matches(&e.Incident) })
}

func (p *pending) pages() bool {
	all := make([]*pipeline.Change, len(p.changes))
	for n, e := range p.changes {
		all[n] = e.Change
	}
	return anyPage(all)
}
