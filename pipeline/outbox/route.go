package outbox

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// defaultRoute sends everything to all receivers that are named.
func defaultRoute(receivers []pipeline.Receiver) pipeline.Route {
	r := pipeline.Route{
		GroupBy: pipeline.DefaultGroupBy(), GroupWait: pipeline.DefaultGroupWait,
		GroupInterval: pipeline.DefaultGroupInterval, Repeat: pipeline.DefaultRepeat,
	}
	for _, one := range receivers {
		r.Receivers = append(r.Receivers, one.Name)
	}
	return r
}

// audience is who hears of one incident for the first time now: receivers by the routes that name them.
type audience struct {
	except string            // never hears of it
	routes []*pipeline.Route // of which the first one that names a receiver counts
	all    bool              // everybody else, by the default route
}

// audience finds who hears of an incident. What routes bring to nobody reaches everybody, whoever is told directly.
func (o *Outbox) audience(i *pipeline.Incident) audience {
	a := audience{routes: o.routes.For(i)}
	if i.Rule == pipeline.RuleDelivery && i.Subject.Receiver != "" {
		a.except = i.Subject.Receiver
		if o.fallback != "" {
			a.routes = append(slices.Clone(a.routes), &o.toFallback)
		}
	}
	a.all = !slices.ContainsFunc(o.workers, func(w *worker) bool {
		_, hears := a.names(w)
		return hears && !w.direct
	})
	return a
}

// names tells whether w hears of it, and by which route; nil: directly.
func (a *audience) names(w *worker) (*pipeline.Route, bool) {
	switch {
	case w.Name == a.except:
		return nil, false
	case w.direct:
		return nil, true
	}
	for _, r := range a.routes {
		if slices.Contains(r.Receivers, w.Name) {
			return r, true
		}
	}
	return nil, false
}

// draft is a row in the making: the places of its changes in a commit.
type draft struct {
	group *group
	which []int
}

// rows makes the rows of some changes, one for each receiver and group, the same as batches for the journal, and tells of
// what reaches nobody.
func (o *Outbox) rows(changes []pipeline.Change, now time.Time) (rows []*row, batches []pipeline.Batch, events []pipeline.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	audiences := make([]audience, len(changes))
	shared := make([]*pipeline.Change, len(changes))
	reached := make([]bool, len(changes))
	for n := range changes {
		c := changes[n]
		audiences[n], shared[n] = o.audience(&c.Incident), &c
	}
	cut := newCuts(changes, shared)
	for _, w := range o.workers {
		for _, d := range w.draft(shared, audiences, &o.everybody) {
			for _, n := range d.which {
				reached[n] = true
			}
			r := &row{to: w, Batch: pipeline.Batch{
				BatchID: pipeline.BatchID{Receiver: w.Name}, Order: o.order.Add(1), Group: d.group.id, Made: now,
				Route: d.group.route, Labels: d.group.labels,
			}}
			batch := r.Batch
			batch.Key, batch.Changes, r.changes = cut.of(d.which)
			r.Key = batch.Key
			rows, batches = append(rows, r), append(batches, batch)
		}
	}
	for n, c := range shared {
		if except := audiences[n].except; except != "" && !reached[n] {
			o.log.Error("nobody can be told that a receiver is in trouble: there is no other one",
				"receiver", except, "change", c.Kind, "incident", c.Incident.ID, "reason", c.Incident.Reason, "detail", c.Incident.Detail)
			events = append(events, pipeline.Event{
				At: now, Kind: pipeline.EventWithheld, Receiver: except, Changes: []string{c.Key()}, Text: "no other receiver",
			})
		}
	}
	return rows, batches, events
}

// draft sorts changes into the groups that the receiver hears of them in. An incident that it has heard of stays in its group.
func (w *worker) draft(changes []*pipeline.Change, audiences []audience, everybody *pipeline.Route) []*draft {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*draft
	byGroup := map[*group]*draft{}
	for n, c := range changes {
		m, a := w.members[c.Incident.ID], &audiences[n]
		if w.Name == a.except {
			continue
		}
		if m == nil {
			route, hears := a.names(w)
			if !hears && a.all {
				route, hears = everybody, true
			}
			if !hears {
				continue
			}
			m = w.join(w.groupFor(route, &c.Incident), c.Incident.ID)
		}
		d := byGroup[m.group]
		if d == nil {
			d = &draft{group: m.group}
			byGroup[m.group] = d
			all = append(all, d)
			m.group.reserved++
		}
		d.which = append(d.which, n)
	}
	return all
}

// groupFor finds the group of an incident that the receiver has not heard of, or begins one; a nil route: it hears directly.
func (w *worker) groupFor(route *pipeline.Route, i *pipeline.Incident) *group {
	if route == nil {
		return w.directGroup(i)
	}
	labels := route.GroupLabels(i)
	at := index(route.Name, labels)
	if g := w.byIndex[at]; g != nil {
		return g
	}
	g := newGroup(i.ID, route.Name, route.GroupKey(i), labels, timingOf(route))
	w.groups[g.id], w.byIndex[at] = g, g
	return g
}

// directGroup is groupFor without a route.
func (w *worker) directGroup(i *pipeline.Incident) *group {
	if g := w.groups[i.ID]; g != nil {
		return g
	}
	at := index("", nil)
	if g := w.byIndex[at]; g != nil && w.pools() && len(g.members) < w.Most {
		return g
	}
	g := newGroup(i.ID, "", "", nil, timing{})
	w.groups[g.id] = g
	if w.pools() {
		w.byIndex[at] = g
	}
	return g
}

// pools tells whether the receiver is told directly, and of many incidents together.
func (w *worker) pools() bool { return w.direct && w.Most > 0 }

func (w *worker) join(g *group, incident string) *member {
	m := w.members[incident]
	if m == nil {
		m = &member{group: g}
		w.members[incident], g.members[incident] = m, m
	}
	return m
}

// cuts makes parts of a commit's changes; equal ones share their memory.
type cuts struct {
	values []pipeline.Change
	shared []*pipeline.Change
	made   map[[sha256.Size]byte]part
}

type part struct {
	key    string
	values []pipeline.Change
	shared []*pipeline.Change
}

func newCuts(values []pipeline.Change, shared []*pipeline.Change) *cuts {
	return &cuts{values: values, shared: shared, made: map[[sha256.Size]byte]part{}}
}

// of returns the changes at some places, and the key of a batch of them.
func (x *cuts) of(which []int) (key string, changes []pipeline.Change, shared []*pipeline.Change) {
	bytes := make([]byte, 0, 4*len(which))
	for _, n := range which {
		bytes = binary.LittleEndian.AppendUint32(bytes, uint32(n))
	}
	name := sha256.Sum256(bytes)
	p, known := x.made[name]
	if !known {
		p.values, p.shared = x.values, x.shared
		if len(which) < len(x.values) {
			p.values, p.shared = make([]pipeline.Change, len(which)), make([]*pipeline.Change, len(which))
			for to, from := range which {
				p.values[to], p.shared[to] = x.values[from], x.shared[from]
			}
		}
		p.key = batchKey(p.shared)
		x.made[name] = p
	}
	return p.key, p.values, p.shared
}

// batchKey names a batch by its changes: the first one's key, how many more there are, and a hash of what they are. The
// hash tells apart two changes that bear one number because state was lost between them.
func batchKey(changes []*pipeline.Change) string {
	hash := sha256.New()
	for _, c := range changes {
		fmt.Fprintln(hash, c.Key(), c.Kind, c.At.UnixNano())
	}
	key := changes[0].Key()
	if len(changes) > 1 {
		key += fmt.Sprintf("+%d", len(changes)-1)
	}
	return key + "-" + hex.EncodeToString(hash.Sum(nil)[:4])
}
