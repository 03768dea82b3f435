package pipeline

import (
	"math"
	"time"
)

// This file holds how a packer packs times: each as what it lies from one nearby, in nanoseconds.

// time packs a time of the agent's clock.
func (p *packer) time(v *time.Time, near time.Time) {
	if p.bit(*v != near) {
		p.moment(v, p.base, instantOf(near, p.base))
	} else {
		*v = near
	}
}

// date packs a time of the agent's clock that is hardly ever that near it.
func (p *packer) date(v *time.Time, near time.Time) { p.moment(v, p.base, instantOf(near, p.base)) }

// stamp packs a time of a server's clock.
func (p *packer) stamp(v *time.Time, near time.Time) {
	if p.bit(*v != near) {
		p.moment(v, p.epoch, instantOf(near, p.epoch))
	} else {
		*v = near
	}
}

// stampBy packs a time of a server's clock that lies near one of the agent's, or is none.
func (p *packer) stampBy(v *time.Time, near time.Time) {
	if p.bit(!v.IsZero()) {
		p.moment(v, p.epoch, instantOf(near, p.base))
	} else {
		*v = time.Time{}
	}
}

// moment packs a time by its distance from an instant. Code 0 is no time, 1 one that is too far away to be told in nanoseconds.
func (p *packer) moment(v *time.Time, base time.Time, near instant) {
	if near == none || near == faraway {
		near = 0
	}
	code := uint64(0)
	if !p.reading {
		switch i := instantOf(*v, base); i {
		case none:
		case faraway:
			code = 1
		default:
			code = 2 + spread(int64(i-near))
		}
	}
	switch code = p.varint(code); code {
	case 0:
		*v = time.Time{}
	case 1:
		sec, nsec := p.varint(spread(v.Unix())), p.varint(uint64(v.Nanosecond()))
		*v = time.Unix(fold(sec), int64(nsec)).UTC()
	default:
		if p.reading {
			*v = base.Add(time.Duration(near) + time.Duration(fold(code-2)))
		}
	}
}

// instant is a time in nanoseconds since base, or epoch. None is the zero time's; one too far away has no number.
type instant int64

const (
	none    instant = math.MinInt64
	faraway instant = math.MaxInt64
	reach           = 1 << 61
)

// instantOf is a time as an instant.
func instantOf(t, base time.Time) instant {
	if t.IsZero() {
		return none
	}
	if d := t.Sub(base); d > -reach && d < reach {
		return instant(d)
	}
	return faraway
}

// ago is earlier than a time; none where that is.
func ago(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-d)
}
