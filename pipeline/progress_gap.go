package pipeline

import "time"

// This file holds how a Progress holds the position against what the origin has.

// settle compares the position, told by a sample asked for at some time, with the newest view before that.
func (p *Progress) settle(asked time.Time) {
	v := p.origin
	if v == nil || p.part || asked.Before(v.At) {
		return
	}
	p.settled, p.compared, p.missing, p.span, p.unsure = true, true, 0, 0, false
	if p.gap() == 0 {
		p.level(v.At)
		return
	}
	if !p.certain(p.firstOK, p.first) {
		p.unsure, p.stalls[StallOrigin] = true, stalling{}
		return
	}
	p.missing = p.gap()
	if v.State.LastTime.After(p.tail) && !p.tail.IsZero() && p.kind == KindMirror {
		p.span = v.State.LastTime.Sub(p.tail)
	}
	if p.stalling() {
		p.stalls[StallOrigin].begin(later(v.At, p.stood))
	}
}

// level notes that everything was copied that the origin had at some time.
func (p *Progress) level(at time.Time) {
	if p.doubt == "" && p.divergence.Kind == "" {
		p.even = later(p.even, at)
	}
	p.stalls[StallOrigin] = stalling{}
}

// gap is how many of the origin's sequences, as seen newest, lie after the position. What the origin removed at its beginning
// is not among them.
func (p *Progress) gap() uint64 {
	last, base := p.origin.State.LastSeq, p.base()
	if p.origin.Newest > 0 {
		last = p.origin.Newest
	}
	if last <= base || p.origin.State.Messages == 0 {
		return 0
	}
	return last - base
}

func (p *Progress) base() uint64 {
	return max(p.pos, p.floor, p.gone, max(p.origin.State.FirstSeq, 1)-1)
}

// sift notes where a view, which comes after the newest, says that all is deleted that the origin took in after the position. That holds
// while the origin ends where it did: one that was restored from a copy may take in others under the same sequences.
func (p *Progress) sift(v *OriginView) {
	s := &v.State
	if o := p.origin; o == nil || s.LastSeq != p.gone || s.Messages > o.State.Messages || !s.LastTime.Equal(o.State.LastTime) || !v.Created.Equal(o.Created) {
		p.gone = 0
	}
	if v.Newest > 0 && p.known && v.Newest <= max(p.pos, p.floor) {
		p.gone = s.LastSeq
	}
}

// standsFor is for how long a position stands before it counts which messages the origin deleted: on a link that copies, most have come by then.
const standsFor = 3 * time.Second

// inexact tells whether it would say more to know which messages the origin deleted: by their number, all that the link is still to copy
// may be among them.
func (p *Progress) inexact() bool {
	v := p.origin
	return v != nil && p.known && !p.part && p.posAt.Sub(p.stood) >= standsFor && v.Listable() &&
		v.State.LastSeq > p.base() && v.State.LastSeq-p.base() <= v.State.Deleted
}

// stalling tells whether at least one message lies in the gap that the link, in contact, was to copy.
func (p *Progress) stalling() bool { return p.inContact() && p.certain(p.nearOK, p.near) }

// certain tells whether at least one message lies in the gap: the origin may have deleted what was there. It is certain where
// the gap is wider than all that was deleted, and where the origin took in more since it was known to end at some sequence.
func (p *Progress) certain(ended bool, end uint64) bool {
	s := &p.origin.State
	if !p.from.IsZero() && !p.copied && s.LastTime.Before(p.from) {
		return false
	}
	if p.origin.Newest > p.base() { // the first may be older than what is to be copied
		return p.from.IsZero() || p.copied || ended && p.origin.Newest > end
	}
	if p.from.IsZero() || p.copied {
		if p.gap() > s.Deleted {
			return true
		}
	}
	return ended && s.LastSeq > max(end, p.base())
}
