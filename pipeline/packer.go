package pipeline

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// packer writes values into few bytes, or reads them back: the same calls in the same order do both, so that one function a
// type says how it is packed. A value is written against one that is near it, known by then to writer and reader: where it is
// the same, it takes a bit. Nothing is lost: times keep their nanoseconds.
type packer struct {
	data    []byte // while writing: what may be written to
	at      int    // the next byte
	reading bool
	flags   int   // where the byte lies that has the next bit
	mask    uint8 // of that bit; 0: the next byte has it
	flagged uint8 // the byte

	base   time.Time // agent's clock, with its monotonic reading: ages outlive a step of the clock that people set
	epoch  time.Time // the same on servers' clocks, without
	words  *words
	held   []uint32 // numbers of words, in the order of their use
	before []uint32 // while writing: those that what is replaced holds

	resolve func(n uint32) *origin // while reading; nil: origins are not wanted
}

// write begins to write over data, in place of what holds some words.
func (p *packer) write(data []byte, before []uint32) {
	p.data, p.at, p.reading, p.held, p.before = data[:cap(data)], 0, false, p.held[:0], before
	p.nextFlags()
}

// packed is what was written.
func (p *packer) packed() []byte {
	p.data[p.flags] = p.flagged
	return p.data[:p.at]
}

// read begins to read data. It is not written to.
func (p *packer) read(data []byte) {
	p.data, p.at, p.reading, p.held = data, 0, true, p.held[:0]
	p.nextFlags()
}

// bit packs one bit.
func (p *packer) bit(v bool) bool {
	if p.mask == 0 {
		p.nextByte()
	}
	mask := p.mask
	p.mask <<= 1
	if p.reading {
		return p.flagged&mask != 0
	}
	if v {
		p.flagged |= mask
	}
	return v
}

// cut ends a part that shares no byte with what follows.
func (p *packer) cut() {
	if !p.reading {
		p.data[p.flags] = p.flagged
	}
	p.mask = 0
}

// nextByte goes on to another byte of bits.
func (p *packer) nextByte() {
	if !p.reading {
		p.data[p.flags] = p.flagged
	}
	p.nextFlags()
}

func (p *packer) nextFlags() {
	p.mask, p.flagged, p.flags = 1, 0, p.at
	if p.reading {
		p.flagged = p.data[p.at]
	} else {
		p.room()
	}
	p.at++
}

// longest is how many bytes a number takes at most.
const longest = 9

// room makes room to write a number, or bits.
func (p *packer) room() {
	if len(p.data)-p.at < longest {
		p.data = append(p.data, make([]byte, len(p.data)+64)...)
	}
}

// varint packs a number in fewer bytes the smaller it is: seven bits in each, and how many bytes there are in the zeros at the end
// of the first one. Eight zeros: eight bytes follow. Thus a number is written and read at once, not byte by byte.
func (p *packer) varint(v uint64) uint64 {
	if p.reading {
		return p.readVarint()
	}
	p.room()
	n := (bits.Len64(v|1) + 6) / 7
	if n < longest {
		binary.LittleEndian.PutUint64(p.data[p.at:], (v<<1|1)<<(n-1))
		p.at += n
		return v
	}
	p.data[p.at] = 0
	binary.LittleEndian.PutUint64(p.data[p.at+1:], v)
	p.at += longest
	return v
}

func (p *packer) readVarint() uint64 {
	rest := p.data[p.at:]
	if len(rest) < longest { // what lies behind it is not read
		var end [longest]byte
		copy(end[:], rest)
		rest = end[:]
	}
	v := binary.LittleEndian.Uint64(rest)
	n := bits.TrailingZeros8(uint8(v)) + 1
	if p.at += n; n == longest {
		return binary.LittleEndian.Uint64(rest[1:])
	}
	return v << (64 - 8*n) >> (64 - 7*n)
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
