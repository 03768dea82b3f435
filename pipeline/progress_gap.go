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
	s := &p.origin.State
	base := p.base()
	if s.LastSeq <= base || s.Messages == 0 {
		return 0
	}
	return s.LastSeq - base
}

func (p *Progress) base() uint64 { return max(p.pos, p.floor, max(p.origin.State.FirstSeq, 1)-1) }

// stalling tells whether at least one message lies in the gap that the link, in contact, was to copy.
func (p *Progress) stalling() bool { return p.inContact() && p.certain(p.nearOK, p.near) }

// certain tells whether at least one message lies in the gap: the origin may have deleted what was there. It is certain where
// the gap is wider than all that was deleted, and where the origin took in more since it was known to end at some sequence.
func (p *Progress) certain(ended bool, end uint64) bool {
	s := &p.origin.State
	if !p.from.IsZero() && !p.copied && s.LastTime.Before(p.from) {
		return false
	}
	if p.from.IsZero() || p.copied {
		if p.gap() > s.Deleted {
			return true
		}
	}
	return ended && s.LastSeq > max(end, p.base())
}
