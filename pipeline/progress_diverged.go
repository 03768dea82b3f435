package pipeline

import "time"

// This file holds how a Progress finds out that a mirror is no copy of its origin any more, and what a failover would lose.

// Divergence is how a mirror is no copy of its origin any more. It lasts until the mirror is created anew, or the origin is
// shown to be what it was.
type Divergence struct {
	Kind     DivergenceKind `json:"kind,omitempty"`
	Since    time.Time      `json:"since,omitzero"`    // agent's clock: when it was found
	Position uint64         `json:"position"`          // of the mirror then
	Tail     time.Time      `json:"tail,omitzero"`     // of the mirror then: its newest message's stamp
	Last     uint64         `json:"last"`              // the origin's last sequence then
	Created  time.Time      `json:"created,omitzero"`  // the origin, as it was known before
	Replaced time.Time      `json:"replaced,omitzero"` // the origin, as it is then
}

// DivergenceKind tells divergences apart.
type DivergenceKind string

// The kinds of divergence.
const (
	Recreated DivergenceKind = "recreated" // another stream has the origin's name
	Restored  DivergenceKind = "restored"  // the origin ends before its mirror does
)

// OriginRecord is what is kept of a link's origin.
type OriginRecord struct {
	Seen       [4]OriginSeen `json:"seen"`            // by its own path, and over named connections
	Mirror     time.Time     `json:"mirror,omitzero"` // when the mirror was created that copied it
	Divergence Divergence    `json:"divergence,omitzero"`
	Fed        bool          `json:"fed,omitempty"` // it was seen to take in subjects that the link's filter lets through
}

// equal tells whether r and o say the same.
func (r *OriginRecord) equal(o *OriginRecord) bool {
	for i := range r.Seen {
		if a, b := &r.Seen[i], &o.Seen[i]; a.Path != b.Path || !a.Created.Equal(b.Created) {
			return false
		}
	}
	a, b := &r.Divergence, &o.Divergence
	return r.Mirror.Equal(o.Mirror) && r.Fed == o.Fed && a.Kind == b.Kind && a.Since.Equal(b.Since)
}

// OriginSeen is an origin as it was seen on one path.
type OriginSeen struct {
	Path    string    `json:"path,omitempty"`
	Created time.Time `json:"created,omitzero"`
}

// confirmApart is how far apart two views must have been asked for that say that the origin was recreated. That it is behind
// its mirror must be said restoredApart apart: a new leader may not have applied everything yet, and one that lost its quorum goes on answering for 20 s.
const (
	confirmApart  = 2 * time.Second
	restoredApart = 21 * time.Second
)

// sourceResync is how long a source may be ahead of its origin: servers from 2.15 on notice it, and begin anew.
const sourceResync = 30 * time.Second

// compare finds out whether a view is of the stream that was copied up to now. What speaks against it is believed when
// another view says so too.
func (p *Progress) compare(v *OriginView) {
	if p.divergence.Kind != "" {
		p.compareAgain(v)
		return
	}
	known := p.seen(v)
	if !p.known && !known.Created.IsZero() {
		return // what an earlier process knew is compared once the mirror was seen
	}
	kind := p.against(v)
	if kind == "" {
		p.doubt, *known = "", OriginSeen{v.Path, v.Created}
		return
	}
	if kind != p.doubt {
		p.doubt, p.doubted = kind, v.Asked
		return
	}
	wait := confirmApart
	switch {
	case p.kind == KindSource:
		wait = sourceResync
	case kind == Restored:
		wait = restoredApart
	}
	if v.Asked.Sub(p.doubted) < wait {
		return
	}
	p.doubt = ""
	p.divergence = Divergence{
		Kind: kind, Since: v.At, Position: p.pos, Tail: p.tail, Last: v.State.LastSeq, Created: known.Created, Replaced: v.Created,
	}
}

// against tells what speaks against a view's being of the stream that was copied. Only a sample from before the view's
// question can be ahead of it. A source whose origin was recreated is no danger: it begins anew.
func (p *Progress) against(v *OriginView) DivergenceKind {
	switch {
	case !p.known || !p.copied || p.strange(v):
		return ""
	case p.pos > v.State.LastSeq && p.pos > p.floor && p.posAt.Before(v.Asked):
		if p.kind == KindMirror && p.replaced(v) {
			return Recreated
		}
		return Restored
	case p.kind == KindMirror && p.replaced(v):
		return Recreated
	}
	return ""
}

// replaced tells whether another stream has the origin's name now. Two ways to ask may lead to two streams of one name: what was
// seen on one path is compared with that only.
func (p *Progress) replaced(v *OriginView) bool {
	known := p.seen(v)
	return v.Path == known.Path && !known.Created.IsZero() && !v.Created.IsZero() && !v.Created.Equal(known.Created)
}

// strange tells whether the view is the first one of its path, while the origin is known by another.
func (p *Progress) strange(v *OriginView) bool {
	return p.seen(v).Path != v.Path && p.Known()
}

// seen is where the origin is kept as the view's path shows it.
func (p *Progress) seen(v *OriginView) *OriginSeen {
	if v.Path == PathOwn {
		return &p.origins[0]
	}
	for i := range p.origins[1:] {
		if o := &p.origins[i+1]; o.Path == v.Path || o.Path == "" {
			return o
		}
	}
	return &p.origins[len(p.origins)-1]
}

// compareAgain ends a divergence when the origin is what it was: a mirror's tail is there again, with its own stamp; a
// source was begun anew. An origin created anew shows nothing by its tail: the mirror may have copied that from it.
func (p *Progress) compareAgain(v *OriginView) {
	d := &p.divergence
	back := p.kind == KindSource && p.known && p.pos <= v.State.LastSeq
	if p.kind == KindMirror {
		back = v.Created.Equal(d.Created) && v.State.LastSeq == d.Position && !d.Tail.IsZero() && v.State.LastTime.Equal(d.Tail)
	}
	if back {
		p.divergence, *p.seen(v) = Divergence{}, OriginSeen{v.Path, v.Created}
	}
}

// Risk is what would be lost by a failover now. Fresh is how old the two ends of the comparison may be for a verdict on one.
func (p *Progress) Risk(now time.Time, l *LinkSample, fresh time.Duration) Risk {
	r := Risk{Failover: FailoverUnknown, AtLeast: true}
	if l.Reported {
		r.Messages = l.Lag
	}
	if p.origin != nil && !p.part && p.known && p.compared {
		r.Verified, r.AsOf = true, p.origin.At
		r.Messages, r.Span = p.missing, p.span
		switch {
		case now.Sub(p.origin.At) > fresh:
		case now.Sub(p.posAt) > fresh:
			r.AsOf = p.posAt
		case p.unsure:
		case p.missing > 0:
			r.Failover, r.AtLeast = FailoverBehind, false
		default:
			r.Failover, r.AtLeast = FailoverReady, false
		}
	}
	if p.divergence.Kind != "" {
		// What the two lack of each other cannot be counted any more.
		r.Failover, r.Messages, r.Span, r.AtLeast, r.Verified = FailoverDiverged, 0, 0, true, false
	}
	return r
}
