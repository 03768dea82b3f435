package pipeline

import "time"

// This file holds what a Progress tells.

// StallKind says how it is known that a link in contact copies nothing.
type StallKind int

// The kinds of stall.
const (
	StallNone   StallKind = iota
	StallOrigin           // the origin has more than the link copies
	StallFlow             // the server says that flow control stalls
	StallLag              // the reported lag rises while the position stands
	stallKinds
)

// Stall is a link that is in contact and copies nothing.
type Stall struct {
	Kind  StallKind
	Since time.Time     // when it was known first
	For   time.Duration // for how long contact was proven since then, while the position stood
}

// flowTold is for how long contact is proven beside the server's own word that flow control stalls, before it is taken for the
// reason.
const flowTold = 3 * time.Second

// Stall returns the sign of a stall for which contact was proven longest; its kind is StallNone where there is none.
func (p *Progress) Stall() Stall {
	var worst Stall
	for kind, s := range p.stalls {
		if s.since.IsZero() {
			continue
		}
		stall := Stall{Kind: StallKind(kind), Since: s.since, For: s.to.Sub(s.from)}
		if stall.Kind == StallFlow && stall.For >= flowTold {
			return stall // tells the most
		}
		if worst.Kind == StallNone || stall.For > worst.For {
			worst = stall
		}
	}
	return worst
}

// Shows tells whether there is a sign of some kind that the link has stalled, for however long.
func (p *Progress) Shows(kind StallKind) bool { return !p.stalls[kind].since.IsZero() }

// Strayed is since when the origin is seen to take in no subject any more that the link's filter lets through, though it once did;
// zero: it does, or never did.
func (p *Progress) Strayed() time.Time { return p.strayed }

// Fed is when the origin was seen to take in subjects again that the link's filter lets through, after Strayed; zero: never.
func (p *Progress) Fed() time.Time { return p.fedAt }

// Divergence returns how the mirror is no copy of its origin any more; its kind is empty where nothing shows that.
func (p *Progress) Divergence() Divergence { return p.divergence }

// Missing is how many messages the origin had, when it was seen newest and compared, that the link had not copied; told is
// false where that is not known.
func (p *Progress) Missing() (messages uint64, told bool) {
	return p.missing, p.known && !p.part && p.compared && !p.unsure
}

// Known tells whether the origin was ever seen, by this process or an earlier one.
func (p *Progress) Known() bool { return p.origins != [4]OriginSeen{} }

// Even is when the origin was newest seen to have had nothing that the link has not copied; zero: never.
func (p *Progress) Even() time.Time { return p.even }

// Agreed is when the origin was newest seen, where it was found to be what the mirror copied; zero: it is not, or was not seen.
func (p *Progress) Agreed() time.Time {
	if p.origin == nil || p.divergence.Kind != "" || p.doubt != "" {
		return time.Time{}
	}
	return p.origin.At
}

// Position is how far the link has copied, in the origin's sequences; told is false where that is not known.
func (p *Progress) Position() (seq uint64, told bool) { return p.pos, p.known }

// Unverified says why copying cannot be held against the origin; empty: it can. Fresh is how old the newest view of it may be.
func (p *Progress) Unverified(now time.Time, fresh time.Duration) string {
	switch {
	case p.part:
		return "only some of the origin's subjects are copied"
	case p.origin == nil:
		return "the origin was not seen yet"
	case p.kind == KindSource && !p.known:
		return "the server does not tell how far the source was copied"
	case now.Sub(p.origin.At) > fresh:
		return "the origin was not seen since " + p.origin.At.UTC().Format("15:04:05 MST")
	}
	return ""
}

// suspicious tells whether more samples would show soon whether the link has stalled.
func (p *Progress) suspicious() bool {
	for i := range p.stalls {
		if !p.stalls[i].since.IsZero() {
			return true
		}
	}
	return p.origin != nil && p.known && !p.part && !p.settled && p.gap() > 0 && p.stalling()
}
