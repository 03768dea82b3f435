package pipeline

import (
	"cmp"
	"time"
)

// This file holds how what the board shows of a stream's links is packed.

// packRows packs what the board shows, and deadlines.
func (b *body) packRows(p *packer) {
	p.date(&b.first, time.Time{})
	p.date(&b.seen, time.Time{})
	p.time(&b.at, b.seen)
	n := len(b.links)
	packInt(p, &n, 1)
	for i := range n {
		if p.reading {
			b.links = append(b.links, b.newLink())
		}
		b.links[i].packRow(p, b)
	}
}

func (l *link) packRow(p *packer, b *body) {
	l.subject.StreamKey = b.key
	packText(p, &l.subject.Origin, cmp.Or(b.source, b.key.Stream))
	if p.bit(!p.reading && !l.plain(b)) {
		packText(p, &l.subject.Kind, KindSource)
		packText(p, &l.subject.Via, "")
		packText(p, &l.subject.Filter, "")
		p.time(&l.first, b.first)
		p.flag(&l.covered, false)
		p.flag(&l.uncovered, false)
	} else if p.reading {
		l.subject.Kind, l.first = KindMirror, b.first
	}
	packInt(p, &l.sample.Active, 0)
	l.packStatus(p, b)
	p.time(&l.deadline, ago(l.status.Proof, -l.status.Limit))
}

// plain tells whether the link is a mirror's as it was seen with its stream, and blindness had nothing to do with it.
func (l *link) plain(b *body) bool {
	return l.subject.Kind == KindMirror && l.subject.Via == "" && l.subject.Filter == "" && l.first == b.first && !l.covered && !l.uncovered
}

// packStatus packs what the board shows. While all is well most of it follows from what the link is, and when it was seen.
func (l *link) packStatus(p *packer, b *body) {
	r := &l.status
	if p.bit(r.Subject.Kind == "") { // not judged yet
		l.packOdd(p, b)
		return
	}
	packInt(p, &r.Lag, 0)
	packText(p, &r.Unverified, "")
	if r.Unverified == "" {
		r.Risk.pack(p, b.at)
	}
	switch odd := p.bit(!p.reading && !l.well(b)); {
	case odd:
		r.Subject = l.subject
		l.packOdd(p, b)
	case p.reading:
		r.Subject, r.First, r.Proof, r.Updated, r.Reported = l.subject, l.first, ago(b.at, l.sample.Active), b.seen, true
		r.Limit, r.LagLimit = b.policy.SeenCritical.Value, b.policy.LagCritical.Value
		if r.Unverified != "" {
			r.Risk = r.unknown()
		}
	}
}

// well tells whether the status is that of a link in contact that was judged when its stream was newest seen, and never was dark.
func (l *link) well(b *body) bool {
	r := &l.status
	return r.Level == OK && r.Reason == "" && !r.Starting && !r.Dark && r.Violations == 0 && r.Blackout == 0 && r.Reported &&
		r.Limit == b.policy.SeenCritical.Value && r.LagLimit == b.policy.LagCritical.Value &&
		r.Updated == b.seen && r.First == l.first && r.Proof == ago(b.at, l.sample.Active) &&
		(r.Unverified == "" || r.Risk == r.unknown())
}

// unknown is the data at risk where copying cannot be held against the origin: the server's word.
func (r *LinkStatus) unknown() Risk {
	return Risk{Failover: FailoverUnknown, AtLeast: true, Messages: r.Lag}
}

// packOdd packs a status of which not all is as usual.
func (l *link) packOdd(p *packer, b *body) {
	r := &l.status
	packInt(p, &r.Violations, 0)
	packInt(p, &r.Blackout, 0)
	p.flag(&r.Dark, false)
	p.time(&r.Updated, b.seen)
	packInt(p, &r.Level, OK)
	packText(p, &r.Reason, "")
	p.flag(&r.Starting, false)
	p.time(&r.First, l.first)
	p.time(&r.Proof, ago(b.at, l.sample.Active))
	packInt(p, &r.Limit, b.policy.SeenCritical.Value)
	p.flag(&r.Reported, true)
	packInt(p, &r.LagLimit, b.policy.LagCritical.Value)
	if r.Unverified != "" || r.Subject.Kind == "" {
		r.Risk.pack(p, b.at)
	}
}

// pack packs data at risk, as it is seen at some time.
func (r *Risk) pack(p *packer, at time.Time) {
	packText(p, &r.Failover, FailoverReady)
	packInt(p, &r.Messages, 0)
	p.flag(&r.AtLeast, r.Failover == FailoverUnknown)
	packInt(p, &r.Span, 0)
	p.flag(&r.Verified, true)
	p.time(&r.AsOf, at)
}
