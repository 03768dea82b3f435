package pipeline

import (
	"slices"
	"time"
)

// This file holds how what a look found is packed.

// packMoving packs what differs from sample to sample while all is well. Near is a time shortly after its answer.
func (s *Sample) packMoving(p *packer, near time.Time) {
	p.time(&s.At, near)
	p.date(&s.Asked, s.At)
	p.stampBy(&s.ServerTime, s.At)
	packInt(p, &s.Blur, 0)
	n := len(s.Peers)
	packInt(p, &n, 0)
	if p.reading {
		s.Peers = slices.Grow(s.Peers[:0], n)[:n]
		clear(s.Peers)
	}
	for i := range s.Peers {
		packInt(p, &s.Peers[i].Active, 0)
	}
	s.State.pack(p, s.At)
}

// packStill packs the rest of a complete sample, but for its key and its links.
func (s *Sample) packStill(p *packer) {
	p.stamp(&s.Created, time.Time{})
	packText(p, &s.Leader, "")
	for i := range s.Peers {
		s.Peers[i].packStill(p)
	}
	if b := &s.Bounds; p.bit(*b != Bounds{}) {
		packInt(p, &b.Messages, -1)
		packInt(p, &b.Bytes, -1)
		p.flag(&b.DiscardNew, false)
		p.flag(&b.Sealed, false)
	}
}

// packLinks packs a sample's links by themselves.
func (s *Sample) packLinks(p *packer) {
	n := len(s.Links)
	packInt(p, &n, 1)
	if p.reading {
		s.Links = slices.Grow(s.Links[:0], n)[:n]
	}
	for i := range s.Links {
		l := &s.Links[i]
		l.packMoving(p)
		l.packStill(p, &Subject{Kind: KindMirror})
	}
}

// packMoving packs what differs from look to look while all is well with a link.
func (l *LinkSample) packMoving(p *packer) {
	packInt(p, &l.Active, 0)
	packInt(p, &l.Seq, 0)
}

// packStill packs the rest of what a look found of a link that is known by a subject.
func (l *LinkSample) packStill(p *packer, subject *Subject) {
	if p.bit(!p.reading && !l.plain(subject)) {
		packText(p, &l.Kind, subject.Kind)
		packText(p, &l.Origin, subject.Origin)
		packText(p, &l.Via, subject.Via)
		packText(p, &l.Filter, subject.Filter)
		packInt(p, &l.StartSeq, 0)
		p.stamp(&l.StartTime, time.Time{})
		packText(p, &l.Error, "")
		packInt(p, &l.ErrCode, 0)
		p.flag(&l.Reported, true)
	} else if p.reading {
		l.Kind, l.Origin, l.Via, l.Filter, l.Reported = subject.Kind, subject.Origin, subject.Via, subject.Filter, true
		l.StartSeq, l.StartTime, l.Error, l.ErrCode = 0, time.Time{}, "", 0
	}
	packInt(p, &l.Lag, 0)
}

// plain tells whether the link is the one that is known, told of without an error, and copies all that its origin has.
func (l *LinkSample) plain(s *Subject) bool {
	return l.Reported && l.Error == "" && l.ErrCode == 0 && l.StartSeq == 0 && l.StartTime.IsZero() &&
		l.Origin == s.Origin && l.Kind == s.Kind && l.Via == s.Via && l.Filter == s.Filter
}

// pack packs a state that was told at some time of the agent's clock.
func (s *StreamState) pack(p *packer, at time.Time) {
	s.FirstSeq = p.varint(s.FirstSeq)
	s.LastSeq = s.FirstSeq + uint64(fold(p.varint(spread(int64(s.LastSeq-s.FirstSeq)))))
	if p.bit(!p.reading && (s.Deleted != 0 || s.Messages != s.LastSeq-s.FirstSeq+1)) {
		packInt(p, &s.Deleted, 0)
		packInt(p, &s.Messages, s.LastSeq-s.FirstSeq+1-s.Deleted)
	} else {
		s.Deleted, s.Messages = 0, s.LastSeq-s.FirstSeq+1
	}
	s.Bytes = p.varint(s.Bytes)
	packInt(p, &s.Subjects, 1)
	p.stampBy(&s.LastTime, at)
}

func (r *Peer) packStill(p *packer) {
	packText(p, &r.Name, "")
	p.flag(&r.Current, true)
	p.flag(&r.Offline, false)
	p.flag(&r.Pending, false)
	p.flag(&r.Unheard, false)
	packInt(p, &r.Lag, 0)
}

// pack packs a view of an origin but for its key, and the subjects: those are held against filters when the view comes. Near is a
// time shortly before or after it.
func (v *OriginView) pack(p *packer, near time.Time) {
	p.time(&v.At, near)
	p.time(&v.Asked, v.At)
	packText(p, &v.Path, PathOwn)
	if p.bit(v.Fault != Fault{}) {
		packText(p, &v.Fault.Kind, FaultNone)
		packText(p, &v.Fault.Text, "")
	}
	p.stampBy(&v.ServerTime, v.At)
	p.stamp(&v.Created, time.Time{})
	packText(p, &v.Leader, "")
	v.State.pack(p, v.At)
	packInt(p, &v.Newest, 0)
	p.flag(&v.Replicates, false)
}
