package pipeline

import "time"

// pack packs a progress. While all is well much of it follows from the newest sample, and from the proof.
func (g *Progress) pack(p *packer, s *Sample, l *link) {
	_, known := l.sample.position(s)
	still := l.first                      // a time that is not long before it was first seen
	if l.proof.moved.IsZero() || !known { // nothing of a position that is not told moves along with the proof
		p.time(&g.stood, l.first)
		still = g.stood
	} else {
		p.time(&g.stood, l.proof.moved)
	}
	p.time(&g.together, still)
	well := position{
		kind: l.subject.Kind, mirror: s.Created, part: l.sample.Partial(), filter: l.sample.Filter,
		floor: max(l.sample.StartSeq, 1) - 1, from: l.sample.StartTime, known: true, pos: l.proof.seq, posAt: s.At,
		lag: l.sample.Lag, lagTold: true,
	}
	if well.kind == KindMirror {
		well.tail = s.State.LastTime
	}
	well.copied = well.kind == KindSource || s.State.Messages > 0 || s.State.FirstSeq > 0
	if !known {
		well.known, well.posAt = false, still
	}
	if p.bit(!p.reading && g.position != well) {
		g.position.pack(p, &well)
	} else {
		g.position = well
	}
	if p.bit(!p.reading && (l.origin != nil || g.acquainted())) {
		g.packOrigin(p, l)
	}
	if p.bit(!p.reading && g.trouble()) {
		g.packTrouble(p, s.At)
	}
}

func (g *position) pack(p *packer, near *position) {
	packText(p, &g.kind, near.kind)
	p.stamp(&g.mirror, near.mirror)
	p.flag(&g.part, near.part)
	packText(p, &g.filter, near.filter)
	packInt(p, &g.floor, near.floor)
	p.stamp(&g.from, near.from)
	p.flag(&g.known, true)
	p.flag(&g.copied, near.copied)
	packInt(p, &g.pos, near.pos)
	p.time(&g.posAt, near.posAt)
	p.stamp(&g.tail, near.tail)
	packInt(p, &g.lag, near.lag)
	p.flag(&g.lagTold, true)
}

// packOrigin packs what is known by the origin's newest view.
func (g *Progress) packOrigin(p *packer, l *link) {
	l.packOrigin(p)
	seen := time.Time{}
	switch {
	case !p.bit(g.origin != nil):
	case !p.bit(l.origin == nil || g.origin != l.origin.told):
		if p.reading {
			g.origin = l.origin.known
		}
		seen = g.origin.At
	default:
		if p.reading {
			g.origin = &OriginView{Key: l.subject.OriginKey()}
		}
		g.origin.pack(p, l.first) // not against what moves: a sample taken in in passing leaves it as it is
		seen = g.origin.At
	}
	p.flag(&g.settled, true)
	p.flag(&g.compared, true)
	packInt(p, &g.missing, 0)
	packInt(p, &g.span, 0)
	p.time(&g.even, seen)
	p.flag(&g.unsure, false)
	ends := uint64(0)
	if g.origin != nil {
		ends = g.origin.State.LastSeq
	}
	packInt(p, &g.first, ends)
	p.flag(&g.firstOK, true)
	packInt(p, &g.near, g.first)
	p.flag(&g.nearOK, true)
	for i := range g.origins {
		o := &g.origins[i]
		if !p.bit(*o != OriginSeen{}) {
			continue
		}
		packText(p, &o.Path, PathOwn)
		near := time.Time{}
		if g.origin != nil {
			near = g.origin.Created
		}
		p.stamp(&o.Created, near)
	}
}

// acquainted tells whether anything is known by a view of the origin.
func (g *Progress) acquainted() bool {
	return g.origin != nil || g.settled || g.compared || g.missing != 0 || g.span != 0 || !g.even.IsZero() || g.unsure || g.first != 0 ||
		g.firstOK || g.near != 0 || g.nearOK || g.origins != [4]OriginSeen{}
}

// trouble tells whether there is anything about the progress that is there only while not all is well, or was not lately; or of a
// link that copies some subjects only.
func (g *Progress) trouble() bool {
	return g.fed || g.gone != 0 || !g.fedAt.IsZero() || !g.strayed.IsZero() || g.stalls != [stallKinds]stalling{} ||
		g.divergence != Divergence{} || g.doubt != "" || !g.doubted.IsZero()
}

func (g *Progress) packTrouble(p *packer, at time.Time) {
	p.flag(&g.fed, true)
	packInt(p, &g.gone, 0) // not against the position, which moves without it
	p.time(&g.fedAt, time.Time{})
	p.time(&g.strayed, time.Time{})
	for i := range g.stalls {
		s := &g.stalls[i]
		if p.bit(*s != stalling{}) {
			for _, t := range []*time.Time{&s.since, &s.from, &s.to} {
				p.time(t, at)
			}
		}
	}
	packText(p, &g.doubt, "")
	p.time(&g.doubted, time.Time{})
	d := &g.divergence
	if !p.bit(*d != Divergence{}) {
		return
	}
	packText(p, &d.Kind, Recreated)
	p.time(&d.Since, at)
	packInt(p, &d.Position, g.pos)
	p.stamp(&d.Tail, time.Time{})
	packInt(p, &d.Last, d.Position)
	p.stamp(&d.Created, time.Time{})
	p.stamp(&d.Replaced, d.Created)
}
