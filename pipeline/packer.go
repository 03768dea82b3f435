package pipeline

import (
	"encoding/binary"
	"math"
	"time"
)

// packer writes values into few bytes, or reads them back: the same calls in the same order do both, so that one function a
// type says how it is packed. A value is written against one that is near it, known by then to writer and reader: where it is
// the same, it takes a bit. Nothing is lost: times keep their nanoseconds.
type packer struct {
	data    []byte
	at      int // while reading: the next byte
	reading bool
	flags   int // where the byte lies that has the next bit
	bits    uint

	base   time.Time // agent's clock, with its monotonic reading: ages outlive a step of the clock that people set
	epoch  time.Time // the same on servers' clocks, without
	words  *words
	held   []uint32 // numbers of words, in the order of their use
	before []uint32 // while writing: those that what is replaced holds

	resolve func(n uint32) *origin // while reading; nil: origins are not wanted
}

// write begins to write over data, in place of what holds some words.
func (p *packer) write(data []byte, before []uint32) {
	p.data, p.reading, p.bits, p.held, p.before = data[:0], false, 0, p.held[:0], before
}

// read begins to read data. It is not written to.
func (p *packer) read(data []byte) {
	p.data, p.at, p.reading, p.bits, p.held = data, 0, true, 0, p.held[:0]
}

// bit packs one bit.
func (p *packer) bit(v bool) bool {
	if p.bits&7 == 0 {
		p.nextFlags()
	}
	mask := byte(1) << (p.bits & 7)
	p.bits++
	if p.reading {
		return p.data[p.flags]&mask != 0
	}
	if v {
		p.data[p.flags] |= mask
	}
	return v
}

func (p *packer) nextFlags() {
	if p.reading {
		p.flags = p.at
		p.at++
		return
	}
	p.flags = len(p.data)
	p.data = append(p.data, 0)
}

// varint packs a number in fewer bytes the smaller it is.
func (p *packer) varint(v uint64) uint64 {
	if !p.reading {
		p.data = binary.AppendUvarint(p.data, v)
		return v
	}
	v, n := binary.Uvarint(p.data[p.at:])
	p.at += n
	return v
}

// flag packs a bool that mostly is the same as one near it.
func (p *packer) flag(v *bool, near bool) { *v = p.bit(*v != near) != near }

// packInt packs a number.
func packInt[T ~int | ~int64 | ~uint32 | ~uint64](p *packer, v *T, near T) {
	if p.bit(*v != near) {
		*v = near + T(fold(p.varint(spread(int64(*v-near)))))
	} else {
		*v = near
	}
}

// spread and fold make small numbers of either sign small ones without.
func spread(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }
func fold(v uint64) int64   { return int64(v>>1) ^ -int64(v&1) }

// packText packs a text as its number.
func packText[T ~string](p *packer, v *T, near T) {
	if !p.bit(*v != near) {
		*v = near
		return
	}
	n := uint32(0)
	if !p.reading {
		if len(p.held) < len(p.before) {
			n = p.before[len(p.held)]
		}
		n = p.words.hold(string(*v), n)
	}
	if n = uint32(p.varint(uint64(n))); p.reading {
		*v = T(p.words.text(n))
	}
	p.held = append(p.held, n)
}

// time packs a time of the agent's clock.
func (p *packer) time(v *time.Time, near time.Time) {
	if p.bit(*v != near) {
		p.moment(v, p.base, instantOf(near, p.base))
	} else {
		*v = near
	}
}

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
