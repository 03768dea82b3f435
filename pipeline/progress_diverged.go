package pipeline

import "time"

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
