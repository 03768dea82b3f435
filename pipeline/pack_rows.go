package pipeline

import (
	"cmp"
	"time"
)

// This file holds how the rest of what the board shows of a stream's links is packed.

func (b *body) packRows(p *packer) {
	p.date(&b.first, time.Time{})
	for _, l := range b.links {
		l.packRow(p, b)
	}
}

func (l *link) packRow(p *packer, b *body) {
	if p.bit(!p.reading && !l.plain(b)) {
		p.time(&l.first, b.first)
		p.flag(&l.covered, false)
		p.flag(&l.uncovered, false)
	} else if p.reading {
		l.first = b.first
	}
	l.packStatus(p, b)
}

// plain tells whether the link was first seen with its stream, and blindness had nothing to do with it.
func (l *link) plain(b *body) bool { return l.first == b.first && !l.covered && !l.uncovered }

// packStatus packs what the board shows. While all is well most of it follows from what the link is, and when it was seen.
func (l *link) packStatus(p *packer, b *body) {
	r := &l.status
	if p.bit(r.Subject.Kind == "") { // not judged yet
		l.packOdd(p, b)
		return
	}
	packInt(p, &r.Lag, l.sample.Lag)
	packText(p, &r.Unverified, "")
	if r.Unverified == "" {
		r.Risk.pack(p, b)
	}
	switch odd := p.bit(!p.reading && !l.well(b)); {
	case odd:
		r.Subject = l.subject
		l.packOdd(p, b)
	case p.reading:
		r.Subject, r.First, r.Proof, r.Updated, r.Reported = l.subject, l.first, l.proof.contact, b.seen, true
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
		r.Updated == b.seen && r.First == l.first && r.Proof == l.proof.contact &&
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
	p.time(&r.Proof, l.proof.contact)
	packInt(p, &r.Limit, b.policy.SeenCritical.Value)
	p.flag(&r.Reported, true)
	packInt(p, &r.LagLimit, b.policy.LagCritical.Value)
	if r.Unverified != "" || r.Subject.Kind == "" {
		r.Risk.pack(p, b)
	}
}

// pack packs data at risk.
func (r *Risk) pack(p *packer, b *body) {
	packText(p, &r.Failover, FailoverReady)
	packInt(p, &r.Messages, 0)
	p.flag(&r.AtLeast, r.Failover == FailoverUnknown)
	packInt(p, &r.Span, 0)
	p.flag(&r.Verified, true)
	p.time(&r.AsOf, cmp.Or(b.calm.asOf, b.at))
}
