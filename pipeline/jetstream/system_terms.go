package jetstream

import (
	"slices"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// terms is what only a stream's configuration tells, as it is remembered: rounds leave it out. It does not change once it is made.
type terms struct {
	settings *pipeline.Settings // shared by streams whose metadata says the same
	subjects []string
	bounds   pipeline.Bounds
	mirror   bool // the only tie is a mirror
	ties     []tie
}

// tie is a link as it is configured.
type tie struct {
	origin, via, filter string
	startSeq            uint64
	startTime           time.Time
}

// termsOf returns what a document's configuration says. Where that is what old says, it is old.
func termsOf(d *document, old *terms) *terms {
	c := &d.Config
	t := terms{settings: c.settings, bounds: d.bounds(), mirror: c.Mirror != nil}
	if old != nil && old.settings == t.settings && old.bounds == t.bounds && old.mirror == t.mirror &&
		slices.Equal(old.subjects, c.Subjects) && old.tied(c) {
		return old
	}
	for _, subject := range c.Subjects {
		t.subjects = append(t.subjects, strings.Clone(subject))
	}
	for r := range c.replicas() {
		x := tieOf(r)
		x.origin, x.via, x.filter = strings.Clone(x.origin), strings.Clone(x.via), strings.Clone(x.filter)
		t.ties = append(t.ties, x)
	}
	return &t
}

// replicas are the links that are configured, one that is null as one without a name.
func (c *config) replicas() func(func(*replica) bool) {
	return func(yield func(*replica) bool) {
		if c.Mirror != nil && !yield(c.Mirror) {
			return
		}
		for _, r := range c.Sources {
			if r == nil {
				r = &replica{}
			}
			if !yield(r) {
				return
			}
		}
	}
}

func tieOf(r *replica) tie {
	return tie{origin: r.Name, via: r.via(), filter: r.filter(), startSeq: r.StartSeq, startTime: r.StartTime}
}

// tied tells whether a configuration has the same links.
func (t *terms) tied(c *config) bool {
	n := 0
	for r := range c.replicas() {
		if n == len(t.ties) || t.ties[n] != tieOf(r) {
			return false
		}
		n++
	}
	return n == len(t.ties)
}

// complete writes the terms into a document that came without configuration, in memory of the decoder that read it.
func (t *terms) complete(doc *document, d *decoder) {
	c := &doc.Config
	*c = config{
		Name: doc.Name, Subjects: t.subjects, settings: t.settings, Sources: c.Sources[:0],
		MaxMsgs: t.bounds.Messages, MaxBytes: t.bounds.Bytes, Sealed: t.bounds.Sealed,
	}
	if t.bounds.DiscardNew {
		c.Discard = "new"
	}
	for i := range t.ties {
		x := &t.ties[i]
		r := d.nextReplica()
		r.Name, r.External.API, r.filters, r.StartSeq, r.StartTime = x.origin, x.via, x.filter, x.startSeq, x.startTime
		if t.mirror && i == 0 {
			c.Mirror = r
		} else {
			c.Sources = append(c.Sources, r)
		}
	}
}

// fits tells whether a leader's copy has the links that the terms say: names and paths, and filters where they are told, which those of
// a mirror are once its consumer was set up.
func (t *terms) fits(doc *document) bool {
	if t.mirror != (doc.Mirror != nil) || len(doc.Sources) > len(t.ties) {
		return false
	}
	if t.mirror {
		x := &t.ties[0]
		return x.is(doc.Mirror) && (doc.Mirror.filter() == "" || doc.Mirror.filter() == x.filter)
	}
	for _, state := range doc.Sources {
		if state == nil || !slices.ContainsFunc(t.ties, func(x tie) bool {
			return x.is(state) && (state.filter() == "" || state.filter() == x.filter)
		}) {
			return false
		}
	}
	for i := range t.ties {
		if !slices.ContainsFunc(doc.Sources, t.ties[i].is) {
			return false
		}
	}
	return true
}

// is tells whether the state is of a link with the tie's name and path.
func (x *tie) is(state *replica) bool { return x.origin == state.Name && x.via == state.via() }
