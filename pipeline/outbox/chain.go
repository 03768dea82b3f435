package outbox

import (
	"cmp"
	"math"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// chain plans batches of what is to be told, of at most w.Most incidents each, pages first.
func (w *worker) chain(g *group, going []*pending, due time.Time) {
	if len(going) == 0 {
		return
	}
	planned := map[string]*row{}
	for _, r := range g.chain {
		for _, c := range r.changes {
			planned[c.Incident.ID] = r
		}
	}
	var fresh [2][]*pending // with a page, others
	longer := map[*row][]entry{}
	for _, p := range going {
		switch r := planned[p.incident]; {
		case r != nil:
			longer[r] = append(longer[r], p.changes...)
		case p.pages():
			fresh[0] = append(fresh[0], p)
		default:
			fresh[1] = append(fresh[1], p)
		}
	}
	for _, r := range g.chain {
		if more := longer[r]; more != nil {
			w.unsaved.Merged = append(w.unsaved.Merged, r.BatchID)
			slices.SortFunc(more, func(a, b entry) int { return cmp.Compare(a.seq, b.seq) })
			r.changes = slices.Clip(r.changes)
			for _, e := range more {
				r.changes = append(r.changes, e.Change)
			}
			r.Key, r.page = batchKey(r.changes), anyPage(r.changes)
			w.unsaved.Batches = append(w.unsaved.Batches, r.full())
		}
	}
	most := w.Most
	if most <= 0 {
		most = math.MaxInt
	}
	var batches []*row
	for part := range slices.Chunk(slices.Concat(fresh[0], fresh[1]), most) {
		batches = append(batches, w.batch(g, part, due))
	}
	g.chain = append(g.chain, batches...)
	slices.SortStableFunc(g.chain, func(a, b *row) int {
		switch {
		case a.page == b.page:
			return 0
		case a.page:
			return -1
		}
		return 1
	})
	for _, r := range batches {
		if r != g.chain[0] { // that one is written when it is frozen
			w.unsaved.Batches = append(w.unsaved.Batches, r.full())
		}
	}
}

// batch makes one batch of some incidents' changes, oldest first.
func (w *worker) batch(g *group, some []*pending, due time.Time) *row {
	var entries []entry
	for _, p := range some {
		entries = append(entries, p.changes...)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.seq, b.seq) })
	r := &row{to: w, due: due, Batch: pipeline.Batch{
		BatchID: pipeline.BatchID{Receiver: w.Name}, Order: math.MaxUint64, Group: g.id, Made: due,
		Route: g.route, Labels: g.labels,
	}}
	for _, e := range entries {
		r.changes = append(r.changes, e.Change)
		if e.from != nil {
			r.Order = min(r.Order, e.from.Order)
			r.Made = earlier(r.Made, e.from.Made)
		}
	}
	if r.Order == math.MaxUint64 {
		r.Order = w.order.Add(1)
	}
	r.Key, r.page = batchKey(r.changes), anyPage(r.changes)
	return r
}
