package pipeline

import "time"

// compare finds out whether a view is of the stream that was copied up to now. What speaks against it is believed when
// another view says so too.
func (p *Progress) compare(v *OriginView) {
	if p.divergence.Kind != "" {
		p.compareAgain(v)
		return
	}
	kind := p.against(v)
	if kind == "" {
		p.doubt, p.path, p.created = "", v.Path, v.Created
		return
	}
	if kind != p.doubt {
		p.doubt, p.doubted = kind, v.Asked
		return
	}
	wait := confirmApart
	if p.kind == KindSource {
		wait = sourceResync
	}
	if v.Asked.Sub(p.doubted) < wait {
		return
	}
	p.doubt = ""
	p.divergence = Divergence{
		Kind: kind, Since: v.At, Position: p.pos, Tail: p.tail, Last: v.State.LastSeq, Created: p.created, Replaced: v.Created,
	}
}

// against tells what speaks against a view's being of the stream that was copied. Only a sample from before the view's
// question can be ahead of it. A source whose origin was recreated is no danger: it begins anew.
func (p *Progress) against(v *OriginView) DivergenceKind {
	switch {
	case !p.known || !p.copied || v.Leader == "":
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

// replaced tells whether another stream has the origin's name now. Two ways to ask may lead to two streams of one name.
func (p *Progress) replaced(v *OriginView) bool {
	return v.Path == p.path && !p.created.IsZero() && !v.Created.IsZero() && !v.Created.Equal(p.created)
}

// compareAgain ends a divergence when the origin is what it was: a mirror's tail is there again, with its own stamp; a
// source was begun anew.
func (p *Progress) compareAgain(v *OriginView) {
	d := &p.divergence
	back := p.kind == KindSource && p.known && p.pos <= v.State.LastSeq
	if p.kind == KindMirror {
		back = v.Created.Equal(d.Created) && v.State.LastSeq == d.Position && !d.Tail.IsZero() && v.State.LastTime.Equal(d.Tail)
	}
	if back {
		p.divergence, p.path, p.created = Divergence{}, v.Path, v.Created
	}
}

// fresh is how old the two ends of a comparison may be for a verdict on a failover.
const fresh = 30 * time.Second

// Risk is what would be lost by a failover now.
func (p *Progress) Risk(now time.Time, l *LinkSample) Risk {
	r := Risk{Failover: FailoverUnknown, AtLeast: true}
	if l.Reported {
		r.Messages = l.Lag
	}
	if p.origin != nil && !p.part && p.known {
		r.Verified, r.AsOf = true, p.origin.At
		r.Messages, r.Span = p.missing, p.span
		switch {
		case now.Sub(p.origin.At) > fresh:
		case now.Sub(p.posAt) > fresh:
			r.AsOf = p.posAt
		case !p.compared:
		case p.missing > 0:
			r.Failover, r.AtLeast = FailoverBehind, false
		default:
			r.Failover, r.AtLeast = FailoverReady, false
		}
	}
	if p.divergence.Kind != "" {
		r.Failover = FailoverDiverged
	}
	return r
}
