package pipeline

import (
	"math"
	"strings"
)

// names keeps pairs of names that are hardly ever there twice, each pair behind the one before it, and tells in few bytes where they lie.
type names struct {
	chunks  []nameChunk
	free    []uint32 // numbers of chunks in which nothing lies
	filling strings.Builder
	last    uint32 // the number of the chunk that is being filled
}

type nameChunk struct {
	text string
	held int // how many of its pairs are in use: one keeps the chunk from being freed
}

// naming is where a pair of names lies.
type naming struct {
	place  uint32 // the number of its chunk, and where in it the pair begins
	length uint16 // of the first name
	both   uint16 // the length of both
}

const (
	placeBits  = 11
	chunkBytes = 1 << placeBits // of a chunk; or one pair that is longer
)

// longestName is how long a name may be. Servers allow 255 bytes for a stream's; what a mirror calls its origin they hardly limit.
const longestName = math.MaxUint16

// fit tells whether two names can be kept.
func fit(name, other string) bool { return len(name)+len(other) <= longestName }

// keep copies two names that fit.
func (k *names) keep(name, other string) naming {
	start, both := k.filling.Len(), len(name)+len(other)
	if len(k.chunks) == 0 || start+both > k.filling.Cap() || start >= chunkBytes {
		k.begin(max(chunkBytes, both))
		start = 0
	}
	k.filling.WriteString(name)
	k.filling.WriteString(other)
	c := &k.chunks[k.last]
	c.text = k.filling.String()
	c.held++
	return naming{place: k.last<<placeBits | uint32(start), length: uint16(len(name)), both: uint16(both)}
}

// begin begins a chunk of some bytes.
func (k *names) begin(size int) {
	if len(k.chunks) > 0 && k.chunks[k.last].held == 0 {
		k.drop(k.last)
	}
	if n := len(k.free) - 1; n >= 0 {
		k.last, k.free = k.free[n], k.free[:n]
	} else {
		k.last = uint32(len(k.chunks))
		k.chunks = append(k.chunks, nameChunk{})
	}
	k.filling.Reset()
	k.filling.Grow(size)
}

// first is the first name of a pair that was not released, and second the other one. The texts outlive that.
func (k *names) first(n naming) string  { return k.text(n, 0, n.length) }
func (k *names) second(n naming) string { return k.text(n, n.length, n.both) }

func (k *names) text(n naming, from, to uint16) string {
	start := n.place % chunkBytes
	return k.chunks[n.place>>placeBits].text[start+uint32(from) : start+uint32(to)]
}

// release lets go of a pair.
func (k *names) release(n naming) {
	number := n.place >> placeBits
	c := &k.chunks[number]
	if c.held--; c.held == 0 && number != k.last {
		k.drop(number)
	}
}

func (k *names) drop(number uint32) {
	k.chunks[number].text, k.free = "", append(k.free, number)
}
