package outbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// member is an incident of a group: told, or waiting to be.
type member struct {
	group  *group
	told   *pipeline.Change // the newest one of those frozen; nil: none was
	parked *row             // the batch that holds its next changes back; nil: none does
	loud   bool             // what is held of it asks for more attention than its silence covers
	free   time.Time        // since when no silence covers what is held of it; zero: one does, or nothing is held
}

// timing is how a group's changes travel together; the zero value: at once, each on its own, never reminded of.
type timing struct{ wait, interval, repeat time.Duration }

func timingOf(r *pipeline.Route) timing { return timing{r.GroupWait, r.GroupInterval, r.Repeat} }

// group is some incidents of one receiver whose changes travel together, from the first change to the end of all.
type group struct {
	id     string // of its first incident
	route  string
	key    string // Route.GroupKey
	labels map[string]string
	timing timing

	receipt  pipeline.Receipt
	told     time.Time // its newest batch; zero: nothing that is still open was told
	moved    time.Time // its newest batch with more than updates in it
	paged    time.Time
	over     []*pipeline.Change // ends told since it began, the longest ones
	ended    int
	open     int // members told of
	critical int // those among them that are critical

	recorded  bool // the journal holds a record of it
	stale     bool // that record is older than what was told since
	replanned bool // the chain is of other rows than the record tells of

	members  map[string]*member // by incident
	waiting  []*row             // not planned, those withheld among them, in the order of their making
	chain    []*row             // planned, in the order of sending; the first may be on its way, and the others wait for it
	parked   []*row             // attempted often or refused: others go ahead, their incidents' later changes wait
	reserved int                // rows that are being committed

	first    time.Time            // the oldest row of waiting that is neither held nor behind a parked one; zero: there is none
	page     time.Time            // the oldest among them with a page
	end      time.Time            // the oldest among them with an end
	pages    map[string]time.Time // by incident: the oldest page of it among them that did not end
	order    uint64               // of first
	heldRows int                  // in waiting
	quiet    bool                 // nothing to remind of until silences change

	place place
}

func newGroup(id, route, key string, labels map[string]string, t timing) *group {
	return &group{
		id: id, route: route, key: key, labels: labels, timing: t, members: map[string]*member{}, place: nowhere,
	}
}

// index names the group within its receiver: groups of one route with the same labels are one.
func index(route string, labels map[string]string) string {
	var b strings.Builder
	b.WriteString(route)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString("\x00" + name + "\x00" + labels[name])
	}
	return b.String()
}

// due is when what waits is to be told; zero: nothing waits. In a hurry nothing waits for others to come.
func (g *group) due(hurry bool) time.Time {
	if g.first.IsZero() {
		return time.Time{}
	}
	wait := g.timing.wait
	if hurry {
		wait = 0
	}
	due := g.first.Add(wait)
	if !g.told.IsZero() {
		due = later(due, g.told.Add(g.timing.interval))
	}
	if !g.page.IsZero() {
		page := g.page.Add(wait)
		if !g.paged.IsZero() {
			page = later(page, g.paged.Add(g.timing.interval))
		}
		due = earlier(due, page)
	}
	if !g.end.IsZero() { // an update that came just before holds it back no longer
		end := g.end.Add(wait)
		if !g.moved.IsZero() {
			end = later(end, g.moved.Add(g.timing.interval))
		}
		due = earlier(due, end)
	}
	return due
}

// joinDue is when what waits joins the batches that are planned already.
func (g *group) joinDue(hurry bool) time.Time {
	if hurry {
		return g.first
	}
	return g.first.Add(g.timing.wait)
}

// remindDue is when the group is to be told again; zero: never.
func (g *group) remindDue() time.Time {
	if g.timing.repeat <= 0 || g.critical == 0 || g.quiet {
		return time.Time{}
	}
	paged := g.paged
	if paged.IsZero() {
		paged = g.told
	}
	return paged.Add(g.timing.repeat)
}

// take puts a row behind those that wait.
func (g *group) take(r *row) {
	g.waiting = append(g.waiting, r)
	if r.Held != "" {
		g.heldRows++
		return
	}
	over := map[string]bool{}
	for _, c := range r.changes {
		if c.Kind.Ends() {
			over[c.Incident.ID] = true
			g.callOff(c.Incident.ID)
		}
	}
	g.weigh(r, over)
}

// callOff takes the waiting page of an incident out: it is over.
func (g *group) callOff(incident string) {
	at, waits := g.pages[incident]
	if !waits {
		return
	}
	delete(g.pages, incident)
	if !at.Equal(g.page) {
		return
	}
	g.page = time.Time{}
	for _, at := range g.pages {
		g.page = earlier(g.page, at)
	}
}

// recount finds anew what of waiting is to be told.
func (g *group) recount() {
	g.first, g.page, g.end, g.pages, g.order, g.heldRows = time.Time{}, time.Time{}, time.Time{}, nil, 0, 0
	over := map[string]bool{}
	for _, r := range g.waiting {
		for _, c := range r.changes {
			if c.Kind.Ends() {
				over[c.Incident.ID] = true
			}
		}
	}
	for _, r := range g.waiting {
		if r.Held != "" {
			g.heldRows++
		}
		g.weigh(r, over)
	}
}

// weigh counts a row of waiting in; over are incidents whose end waits too.
func (g *group) weigh(r *row, over map[string]bool) {
	for _, c := range r.changes {
		m := g.members[c.Incident.ID]
		if m != nil && m.parked != nil || r.Held != "" && (m == nil || m.free.IsZero()) {
			continue
		}
		made := r.Made
		if r.Held != "" {
			made = m.free
		}
		if g.first.IsZero() || made.Before(g.first) {
			g.first, g.order = made, r.Order
		}
		if c.Kind.Ends() {
			g.end = earlier(g.end, made)
		}
		if pages(c) && !over[c.Incident.ID] {
			if g.pages == nil {
				g.pages = map[string]time.Time{}
			}
			g.pages[c.Incident.ID] = earlier(g.pages[c.Incident.ID], made)
			g.page = earlier(g.page, made)
		}
	}
}

// tell takes a change that was frozen, or given up on, as one that the receiver knows.
func (g *group) tell(c *pipeline.Change) {
	id := c.Incident.ID
	m := g.members[id]
	if m == nil {
		m = &member{group: g}
		g.members[id] = m
	}
	g.count(m, -1)
	if c.Kind != pipeline.Reminded || m.told == nil || c.Incident.Changes > m.told.Incident.Changes {
		m.told = c
	}
	if !c.Kind.Ends() {
		g.count(m, 1)
		return
	}
	delete(g.members, id)
	g.over = append(g.over, c)
	g.ended++
	if len(g.over) > 4*pipeline.MostEnded {
		g.over = longest(g.over)
	}
}

// toldAt notes when a batch was told.
func (g *group) toldAt(r *row, now time.Time) {
	g.told = now
	if slices.ContainsFunc(r.changes, func(c *pipeline.Change) bool { return c.Kind != pipeline.Updated }) {
		g.moved = now
	}
}

// knows tells whether the end of an incident is among those told; those of the shortest ones may be forgotten.
func (g *group) knows(end *pipeline.Change) bool {
	return slices.ContainsFunc(g.over, func(o *pipeline.Change) bool { return o.Incident.ID == end.Incident.ID })
}

func (g *group) count(m *member, n int) {
	if m.told == nil {
		return
	}
	g.open += n
	if m.told.Incident.Level == pipeline.Critical {
		g.critical += n
	}
}

// forgetTelling begins the group's telling anew: everything that was told is over.
func (g *group) forgetTelling() {
	g.receipt, g.told, g.moved, g.paged, g.over, g.ended, g.recorded, g.stale = nil, time.Time{}, time.Time{}, time.Time{}, nil, 0, false, false
}

// idle tells whether nothing more is to come of the group.
func (g *group) idle() bool {
	return len(g.members)+len(g.waiting)+len(g.chain)+len(g.parked)+g.reserved == 0
}

// rows returns every row of the group.
func (g *group) rows() []*row { return slices.Concat(g.chain, g.parked, g.waiting) }
