package outbox

import (
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// memory is what an earlier run left of one receiver.
type memory struct {
	rows   []*row // in the order of their making
	groups []pipeline.GroupRecord
}

// memories sorts a state by receiver. Rows share the changes that are the same.
func memories(state pipeline.State) map[string]*memory {
	all := map[string]*memory{}
	of := func(receiver string) *memory {
		if all[receiver] == nil {
			all[receiver] = &memory{}
		}
		return all[receiver]
	}
	type name struct {
		key  string
		kind pipeline.ChangeKind
		at   int64
	}
	shared := map[name]*pipeline.Change{}
	for _, b := range state.Outbox {
		r := &row{Batch: b, due: b.Made}
		r.Changes = nil
		for _, c := range b.Changes {
			n := name{c.Key(), c.Kind, c.At.UnixNano()}
			if shared[n] == nil {
				shared[n] = &c
			}
			r.changes = append(r.changes, shared[n])
		}
		r.page = anyPage(r.changes)
		m := of(b.Receiver)
		m.rows = append(m.rows, r)
	}
	for _, m := range all {
		slices.SortStableFunc(m.rows, func(a, b *row) int {
			switch {
			case a.Order < b.Order:
				return -1
			case a.Order > b.Order:
				return 1
			}
			return 0
		})
	}
	for _, g := range state.Groups {
		m := of(g.Receiver)
		m.groups = append(m.groups, g)
	}
	return all
}

// resume goes on with what an earlier run left: groups, rows, and the pause that failures asked for. A page that was never
// attempted cuts the pause as a new one does. open are the incidents that are open.
func (w *worker) resume(was *memory, open map[string]*pipeline.Incident, timings func(route string) timing, now time.Time) {
	untold := map[string]*pipeline.Change{} // the first change of each incident that was never frozen
	for _, r := range was.rows {
		for _, c := range r.changes {
			if id := c.Incident.ID; r.Attempts == 0 && untold[id] == nil {
				untold[id] = c
			}
		}
	}
	for _, one := range was.groups {
		one.Told, one.Paged = notAfter(one.Told, now), notAfter(one.Paged, now)
		w.resumeGroup(one, untold, open, timings)
	}
	page := false
	for _, r := range was.rows {
		g := w.groups[r.Group]
		if g == nil {
			g = newGroup(r.Group, r.Route, "", r.Labels, timings(r.Route))
			w.enter(g)
		}
		r.to = w
		r.Made, r.due = notAfter(r.Made, now), notAfter(r.due, now)
		if r.NextTry.Sub(now) > longestAsk { // no pause is as long
			r.NextTry, r.UrgentTry = now, now
		}
		w.resumeRow(g, r)
		page = page || r.Attempts == 0 && r.page
		if !r.UrgentTry.IsZero() {
			w.pause.resume(r.Attempts-r.Refused, r.NextTry, r.UrgentTry)
		}
	}
	if page {
		w.pause.shorten()
	}
	for _, g := range w.groups {
		g.over = longest(g.over)
		g.recount()
		switch {
		case g.idle():
			w.unsaved.Groups = append(w.unsaved.Groups, pipeline.GroupRecord{Receiver: w.Name, Group: g.id})
			w.settled(g, now)
		default:
			if g.open == 0 && len(g.chain)+len(g.parked) == 0 {
				g.forgetTelling()
			}
			w.queue.put(g, now, false)
		}
	}
}

// resumeGroup takes up what the receiver was told of a group.
func (w *worker) resumeGroup(was pipeline.GroupRecord, untold map[string]*pipeline.Change, open map[string]*pipeline.Incident,
	timings func(string) timing,
) {
	g := newGroup(was.Group, was.Route, was.Key, was.Labels, timings(was.Route))
	g.receipt, g.told, g.moved, g.paged, g.ended, g.recorded = was.Receipt, was.Told, was.Told, was.Paged, was.Ended, true
	for _, c := range was.Over {
		g.over = append(g.over, &c)
	}
	w.enter(g)
	for _, id := range was.Open {
		m := &member{group: g}
		switch next, i := untold[id], open[id]; {
		case next != nil && (next.Kind == pipeline.Opened || next.Incident.Changes <= 1): // planned only
		case next != nil:
			m.told = before(next)
		case i != nil:
			m.told = standing(i)
		default:
			continue
		}
		w.members[id], g.members[id] = m, m
		g.count(m, 1)
	}
}

// notAfter is t, or most if that is earlier: a clock that was ahead in an earlier run withholds nothing in this one.
func notAfter(t, most time.Time) time.Time {
	if t.After(most) {
		return most
	}
	return t
}

// enter makes a group known; the first one of an index keeps it.
func (w *worker) enter(g *group) {
	w.groups[g.id] = g
	if at := index(g.route, g.labels); (!w.direct || w.pools()) && w.byIndex[at] == nil {
		w.byIndex[at] = g
	}
}

// resumeRow puts a row where it was.
func (w *worker) resumeRow(g *group, r *row) {
	if r.Attempts == 0 {
		for _, c := range r.changes {
			w.join(g, c.Incident.ID)
		}
		g.waiting = append(g.waiting, r)
		return
	}
	for _, c := range r.changes {
		if !c.Kind.Ends() || !g.knows(c) {
			w.tell(g, c)
		} else if m := g.members[c.Incident.ID]; m != nil { // the record is as new as the row
			g.count(m, -1)
			w.forget(g, c.Incident.ID)
		}
	}
	g.chain = append(g.chain, r)
	if r.Refused > 0 || r.Attempts >= patientAttempts && !r.UrgentTry.IsZero() { // zero: the receiver was broken, which is no fault of the batch
		g.park(r)
	}
}

// before is how an incident stood before a change, as far as the change tells.
func before(next *pipeline.Change) *pipeline.Change {
	c := standing(&next.Incident)
	c.Incident.Ended = time.Time{}
	c.Incident.Changes--
	if next.From == pipeline.Warning || next.From == pipeline.Critical {
		c.Incident.Level, c.From = next.From, next.From
	}
	return c
}

// standing is an open incident as its newest change left it.
func standing(i *pipeline.Incident) *pipeline.Change {
	c := &pipeline.Change{Kind: pipeline.Updated, At: i.Changed, From: i.Level, Incident: *i}
	if i.Changes <= 1 {
		c.Kind = pipeline.Opened
	}
	if !i.Since.IsZero() && i.Changed.After(i.Since) {
		c.Silent = i.Changed.Sub(i.Since)
	}
	return c
}
