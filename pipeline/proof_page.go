package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
)

// This file holds the form of a proof page: a version, then some streams, then a checksum over both. A stream is the hash of its
// identity (8 bytes), the number of its links, and each one's proven contact: 0 where there is none, else 1 + the difference from the
// contact before it in the page, in milliseconds, rounded down.

const (
	pageVersion = 1
	pageSumSize = 4
	identSize   = 8
)

// What a page may be read as.
var (
	errPageSum     = errors.New("its checksum is wrong")
	errPageVersion = errors.New("its version is not known")
	errPageCut     = errors.New("it does not hold together")
)

// Renew gives records the later proofs that pages hold of their links. Pages that cannot be read, as the error says, tell nothing.
func Renew(records []StreamRecord, kept []ProofPage) (unread error) {
	p := proven{streams: map[uint64]provenLinks{}}
	for i := range kept {
		if kept[i].Data == nil {
			continue
		}
		if err := p.read(kept[i].Data); err != nil {
			unread = errors.Join(unread, fmt.Errorf("read proof page %d of %s: %w", kept[i].Number, kept[i].Connection, err))
		}
	}
	for i := range records {
		p.renew(&records[i])
	}
	return unread
}

// pageWriter writes one page after the other.
type pageWriter struct {
	data  []byte
	last  int64
	ident identWriter
}

// begin begins a page.
func (p *pageWriter) begin() { p.data, p.last = append(p.data[:0], pageVersion), 0 }

// add adds a stream, if it has links.
func (p *pageWriter) add(b *body) {
	if len(b.links) == 0 {
		return
	}
	p.ident.begin(&b.key)
	for _, l := range b.links {
		p.ident.link(&l.subject)
	}
	p.data = binary.LittleEndian.AppendUint64(p.data, p.ident.sum())
	p.data = binary.AppendUvarint(p.data, uint64(len(b.links)))
	for _, l := range b.links {
		code := uint64(0)
		if t := l.proof.contact; !t.IsZero() {
			ms := t.UnixMilli()
			code, p.last = 1+spread(ms-p.last), ms
		}
		p.data = binary.AppendUvarint(p.data, code)
	}
}

// end ends the page, and returns it with its checksum; nil: it holds no stream. It is there until the next one begins.
func (p *pageWriter) end() (data []byte, sum uint32) {
	if len(p.data) == 1 {
		return nil, 0
	}
	sum = pageSum(p.data)
	p.data = binary.LittleEndian.AppendUint32(p.data, sum)
	return p.data, sum
}

func pageSum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// proven is what pages tell of streams, by the hashes of their identities.
type proven struct {
	streams  map[uint64]provenLinks
	contacts []int64 // milliseconds; neverProven: there is none
	ident    identWriter
}

type provenLinks struct{ from, count int }

const neverProven = math.MinInt64

// read takes a page in as a whole, or not at all. Where pages tell of a stream twice, the later contact counts.
func (p *proven) read(page []byte) error {
	end := len(page) - pageSumSize
	switch {
	case end < 1:
		return errPageCut
	case binary.LittleEndian.Uint32(page[end:]) != pageSum(page[:end]):
		return errPageSum
	case page[0] != pageVersion:
		return errPageVersion
	}
	begun := len(p.contacts)
	found := map[uint64]provenLinks{}
	r := pageReader{data: page[1:end]}
	for len(r.data) > 0 {
		ident, count := r.stream()
		found[ident] = provenLinks{len(p.contacts), count}
		for range count {
			p.contacts = append(p.contacts, r.contact())
		}
		if r.cut {
			p.contacts = p.contacts[:begun]
			return errPageCut
		}
	}
	for ident, links := range found {
		p.put(ident, links)
	}
	return nil
}

func (p *proven) put(ident uint64, links provenLinks) {
	if before, told := p.streams[ident]; told && before.count == links.count {
		for i := range links.count {
			p.contacts[links.from+i] = max(p.contacts[links.from+i], p.contacts[before.from+i])
		}
	}
	p.streams[ident] = links
}

// renew gives the links of a record what was proven of them later. What was proven before a link was first seen was proven of another
// one that was called the same.
func (p *proven) renew(r *StreamRecord) {
	p.ident.begin(&r.Key)
	for i := range r.Links {
		p.ident.link(&r.Links[i].Subject)
	}
	links := p.streams[p.ident.sum()]
	if links.count != len(r.Links) {
		return
	}
	for i := range r.Links {
		l, ms := &r.Links[i], p.contacts[links.from+i]
		if t := time.UnixMilli(ms).UTC(); ms != neverProven && t.After(l.Proof) && !t.Before(l.First) {
			l.Proof = t
		}
	}
}

// pageReader takes the streams of a page apart.
type pageReader struct {
	data []byte
	last int64
	cut  bool // it does not hold together
}

func (r *pageReader) stream() (ident uint64, links int) {
	if len(r.data) < identSize {
		r.cut = true
		return 0, 0
	}
	ident, r.data = binary.LittleEndian.Uint64(r.data), r.data[identSize:]
	count := r.number()
	if r.cut = r.cut || count > uint64(len(r.data)); r.cut { // a link takes a byte
		return ident, 0
	}
	return ident, int(count)
}

func (r *pageReader) contact() int64 {
	code := r.number()
	if code == 0 {
		return neverProven
	}
	r.last += fold(code - 1)
	return r.last
}

func (r *pageReader) number() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.data, r.cut = nil, true
		return 0
	}
	r.data = r.data[n:]
	return v
}

// identWriter hashes what tells a stream and its links from all others, the same in every process.
type identWriter struct{ text []byte }

func (w *identWriter) begin(key *StreamKey) {
	w.text = w.text[:0]
	w.put(key.Connection)
	w.put(key.Account)
	w.put(key.Domain)
	w.put(key.Stream)
}

func (w *identWriter) link(s *Subject) {
	w.put(string(s.Kind))
	w.put(s.Origin)
	w.put(s.Via)
	w.put(s.Filter)
}

func (w *identWriter) put(text string) {
	w.text = append(binary.AppendUvarint(w.text, uint64(len(text))), text...)
}

// sum is FNV-1a.
func (w *identWriter) sum() uint64 {
	sum := uint64(14695981039346656037)
	for _, b := range w.text {
		sum = (sum ^ uint64(b)) * 1099511628211
	}
	return sum
}
