package outbox

import "slices"

// park lets others go ahead of a batch.
func (g *group) park(r *row) {
	for _, p := range g.parked {
		if p == r {
			return
		}
	}
	g.unlink(r)
	g.parked = append(g.parked, r)
	for _, c := range r.changes {
		if m := g.members[c.Incident.ID]; m != nil {
			m.parked = r
		}
	}
	g.recount()
}

// drop takes a row out of those that wait.
func (g *group) drop(r *row) {
	for n, o := range g.waiting {
		if o == r {
			g.waiting = append(g.waiting[:n:n], g.waiting[n+1:]...)
			return
		}
	}
}

// unlink takes a row out of the group's planned and parked ones.
func (g *group) unlink(r *row) {
	is := func(o *row) bool { return o == r }
	if len(g.chain) > 0 && g.chain[0] == r {
		g.chain[0] = nil
		g.chain = g.chain[1:]
		return
	}
	g.chain = slices.DeleteFunc(g.chain, is)
	g.parked = slices.DeleteFunc(g.parked, is)
}
