package pipeline

import (
	"cmp"
	"time"
)

// This file holds how a stream is packed: first what the board shows of its links, so that who reads that may stop there.

// pack writes the stream with all its links, or reads it back.
func (b *body) pack(p *packer) {
	b.packRows(p)
	if p.bit(b.whole != nil) {
		if p.reading {
			b.whole = b.buffer()
			b.whole.Key, b.whole.At = b.key, b.at
		}
		b.whole.pack(p)
		b.packLinkSamples(p)
	}
	for _, l := range b.links {
		l.pack(p, b)
	}
	if p.bit(b.led != b.whole) {
		b.packLed(p)
	} else if p.reading {
		b.led = b.whole
	}
	var deadline time.Time
	if len(b.links) > 0 {
		deadline = b.links[0].deadline
	}
	p.time(&b.due, deadline)
	p.flag(&b.dirty, false)
	if p.bit(!p.reading && b.busy()) {
		b.packLooks(p)
	}
	if p.bit(!p.reading && b.troubled()) {
		b.packTrouble(p)
	}
}

// busy tells whether the stream is looked at by itself, or lately was.
func (b *body) busy() bool {
	return !b.asked.IsZero() || !b.missed.IsZero() || b.asking != 0 || b.waiting || b.queue != 0 || b.offbeat != 0
}

func (b *body) packLooks(p *packer) {
	p.time(&b.asked, b.at)
	p.time(&b.missed, time.Time{})
	packInt(p, &b.asking, 0)
	p.flag(&b.waiting, false)
	packInt(p, &b.queue, 0)
	packInt(p, &b.offbeat, 0)
}

// packRows packs what the board shows, and deadlines.
func (b *body) packRows(p *packer) {
	p.time(&b.first, time.Time{})
	p.time(&b.seen, time.Time{})
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
	if p.bit(l.subject.Kind != KindMirror || l.subject.Via != "" || l.subject.Filter != "") {
		packText(p, &l.subject.Kind, KindSource)
		packText(p, &l.subject.Via, "")
		packText(p, &l.subject.Filter, "")
	} else {
		l.subject.Kind, l.subject.Via, l.subject.Filter = KindMirror, "", ""
	}
	p.time(&l.first, b.first)
	packInt(p, &l.sample.Active, 0)
	l.packStatus(p, b)
	p.time(&l.deadline, ago(l.status.Proof, -l.status.Limit))
	p.flag(&l.covered, false)
	p.flag(&l.uncovered, false)
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
	well := LinkStatus{
		Subject: l.subject, First: l.first, Proof: ago(b.at, l.sample.Active), Updated: b.seen, Reported: true,
		Limit: b.policy.SeenCritical.Value, LagLimit: b.policy.LagCritical.Value, Lag: r.Lag, Unverified: r.Unverified,
		Risk: Risk{Failover: FailoverUnknown, AtLeast: true, Messages: r.Lag},
	}
	if r.Unverified == "" {
		well.Risk = r.Risk
		r.Risk.pack(p, b.at)
		well.Risk = r.Risk
	}
	if p.bit(!p.reading && *r != well) {
		r.Subject = l.subject
		l.packOdd(p, b)
	} else {
		*r = well
	}
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

// packLinkSamples packs the links of the newest sample: they are those of the stream, as far as they were told newest.
func (b *body) packLinkSamples(p *packer) {
	w := b.whole
	same := !p.reading && len(w.Links) == len(b.links)
	for i := 0; same && i < len(w.Links); i++ {
		same = w.Links[i] == b.links[i].sample
	}
	if !p.bit(!same) {
		for _, l := range b.links {
			l.sample.pack(p, &l.subject, &l.status, l.sample.Active)
			if p.reading {
				w.Links = append(w.Links, l.sample)
			}
		}
		return
	}
	w.packLinks(p)
	for _, l := range b.links {
		l.sample.pack(p, &l.subject, &l.status, l.sample.Active)
	}
}

// troubled tells whether there is anything of that kind.
func (b *body) troubled() bool {
	return !b.headless.IsZero() || !b.gone.IsZero() || b.fault.Kind != FaultNone || b.fault.Text != "" || len(b.events) > 0
}

// packTrouble packs what is there only while something is wrong, or was changed lately.
func (b *body) packTrouble(p *packer) {
	p.time(&b.headless, b.at)
	p.time(&b.gone, time.Time{})
	packText(p, &b.fault.Kind, FaultNone)
	packText(p, &b.fault.Text, "")
	n := len(b.events)
	packInt(p, &n, 0)
	if p.reading && n > 0 {
		b.events = make([]Advisory, n)
	}
	for i := range b.events {
		e := &b.events[i]
		p.time(&e.At, b.seen)
		packText(p, &e.Kind, AdvisoryUpdated)
		packText(p, &e.Text, "")
	}
}

// packLed packs the newest sample with a leader, where that is not the newest sample.
func (b *body) packLed(p *packer) {
	if !p.bit(b.led != nil) {
		return
	}
	if p.reading {
		b.led = b.buffer()
		b.led.Key = b.key
	}
	p.time(&b.led.At, b.seen)
	b.led.pack(p)
	b.led.packLinks(p)
}
