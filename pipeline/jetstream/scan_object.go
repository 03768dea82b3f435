package jetstream

import "bytes"

// maxKnown is how many keys of one object are read at most.
const maxKnown = 12

// kind is a kind of object in a document.
type kind int

// The kinds of object of which elements are passed over.
const (
	kindDocument kind = iota
	kindConfig
	kindState
	kindError
	kindCluster
	kindPeer
	kindReplica
	kindExternal
	kinds
)

// passed are the elements without a known key that were passed over last time, by the kind of their object and the known key
// that they came after. A server writes them alike for one stream after another.
type passed [kinds][maxKnown]struct {
	text []byte // elements in a row, from the first one's key to the last one's value
	end  int    // in the document where they were read last
}

// expected are the keys, in quotes and with the colon, that came next last time: by the kind of their object, the known key that they came
// after, and whether others were passed over since.
type expected [kinds][maxKnown][2][]byte

// fielded is one object while its elements are read.
type fielded struct {
	seen   uint32 // known keys
	last   int    // the newest known key; 0: none was read
	passed int    // 1: elements were passed over since
}

// field reads a key as key does. Mostly it is the one that stood there in the object of that kind that was read before.
func (d *decoder) field(f *fielded, k kind) []byte {
	if d.memory == nil {
		return d.key()
	}
	next := &d.memory.expected[k][f.last][f.passed]
	if n := d.pos + len(*next); len(*next) > 0 && n <= len(d.data) && bytes.Equal(d.data[d.pos:n], *next) {
		d.keyed, d.pos = d.pos, n
		return (*next)[1 : len(*next)-len(`":`)]
	}
	key := d.key()
	if d.err != nil {
		return key
	}
	if text := d.data[d.keyed:d.pos]; len(text) == len(key)+len(`"":`) && bytes.Equal(text[1:1+len(key)], key) {
		*next = append((*next)[:0], text...)
	}
	return key
}

// known notes that key number n of an object is read, 1 to maxKnown-1, and refuses it when it was before.
func (s *scanner) known(f *fielded, n int) {
	if f.seen&(1<<n) != 0 {
		s.refuse("a key is there twice")
	}
	f.seen |= 1 << n
	f.last, f.passed = n, 0
}

// unknown passes over an element whose key is not known, and over those that came after it last time where they do so again.
func (d *decoder) unknown(f *fielded, k kind) {
	if d.memory == nil {
		d.skip()
		return
	}
	f.passed = 1
	run := &d.memory.passed[k][f.last]
	if n := d.keyed + len(run.text); len(run.text) > 0 && n < len(d.data) && (d.data[n] == ',' || d.data[n] == '}') &&
		bytes.Equal(d.data[d.keyed:n], run.text) {
		d.pos, run.end = n, n
		return
	}
	keyed := d.keyed
	if d.skip(); d.err != nil {
		return
	}
	if run.end+1 == keyed && d.data[run.end] == ',' && bytes.HasSuffix(d.data[:run.end], run.text) {
		run.text = append(run.text, d.data[run.end:d.pos]...)
	} else {
		run.text = append(run.text[:0], d.data[keyed:d.pos]...)
	}
	run.end = d.pos
}
