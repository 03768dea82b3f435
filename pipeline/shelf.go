package pipeline

import (
	"cmp"
	"hash/maphash"
	"iter"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// shelf holds the streams of one connection, and the origins of their links, at rest: packed, each in some hundred bytes. Its Watch
// takes down what it works on (open), and puts it back at the end of each of its methods (settle); meanwhile others may read what lies
// there. What is open has a body, in memory that the next one gets: nobody keeps a body, or anything in it, beyond settle.
type shelf struct {
	mu      sync.Mutex // guards what others read: rolls, words, what lies packed, and the clock
	streams roll[*stream]
	origins roll[origin]
	words   *words
	names   names // of streams
	packed  store // streams, by number
	sights  store // origins, by number
	packer  packer
	seed    maphash.Seed
	next    uint32 // the number behind that of the stream that was sought last

	opened       []*stream // in the order of their opening
	openOrigins  []*origin // likewise
	spares       []*body   // not in use
	spareOrigins []*originBody
	originPacker packer // origins are opened while a stream is read
	buffer       []byte // to pack into

	keeps bool // a test's: what is packed stays open, and is never read
}

func newShelf(now time.Time) *shelf {
	h := &shelf{words: newWords(), seed: maphash.MakeSeed()}
	h.streams.hash = func(s **stream) uint64 { return h.hash((*s).ident()) }
	h.origins.hash = func(o *origin) uint64 { return maphash.Comparable(h.seed, o.key()) }
	h.packer = packer{base: now, epoch: now.Round(0).UTC(), words: h.words, resolve: h.originAt}
	h.originPacker = h.packer
	return h
}

// tick keeps the wall clock's reading of all times that lie here that of now, and tells whether people set it.
func (h *shelf) tick(now time.Time) (set bool) {
	base := now.Add(h.packer.base.Sub(now))
	if d := base.Round(0).Sub(h.packer.base.Round(0)); d.Abs() > clockStep {
		h.mu.Lock()
		h.packer.base, h.originPacker.base = base, base
		h.mu.Unlock()
		return true
	}
	return false
}

// clockStep is more than readings of one clock differ by.
const clockStep = 5 * time.Millisecond

// hash is that of a stream's key.
func (h *shelf) hash(key StreamKey) uint64 {
	hash := maphash.String(h.seed, key.Stream)
	for i, part := range [...]string{key.Account, key.Domain} {
		if part != "" {
			hash ^= bits.RotateLeft64(maphash.String(h.seed, part), i+1)
		}
	}
	return hash
}

// find returns a stream at rest, or open; nil: it is not here.
func (h *shelf) find(key StreamKey) *stream {
	n, found := h.streams.find(h.hash(key), func(s **stream) bool { return (*s).is(key) })
	if !found {
		return nil
	}
	return h.streams.at(n)
}

// seek is find for its Watch, of which a round asks for one stream after another: mostly in the order in which they came here.
func (h *shelf) seek(key StreamKey) *stream {
	s := h.streams.at(h.next)
	if s == nil || !s.is(key) {
		if s = h.find(key); s == nil {
			return nil
		}
	}
	h.next = s.number + 1
	return s
}

// add takes an open stream in.
func (h *shelf) add(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.number = h.streams.add(s)
	s.spread(s.number)
}

// remove takes an open stream out.
func (h *shelf) remove(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams.remove(s.number)
	h.packed.put(s.number, nil)
}

// all returns the streams that are here, by number; none may be added meanwhile.
func (h *shelf) all() iter.Seq2[uint32, *stream] {
	return func(yield func(uint32, *stream) bool) {
		for n := range h.streams.given {
			if s := h.streams.at(n); s != nil && !yield(n, s) {
				return
			}
		}
	}
}

// open takes a stream down.
func (h *shelf) open(s *stream) *stream {
	switch {
	case s.body == nil:
		s.body = h.body(s)
		h.opened = append(h.opened, s)
		h.packer.read(h.packed.at(s.number))
		s.pack(&h.packer)
		s.held = append(s.held, h.packer.held...)
		s.calm = calm{}
	case h.keeps && !slices.Contains(h.opened, s):
		h.opened = append(h.opened, s)
	}
	return s
}

// fresh gives a new stream its names, and a body. Source is its first link's origin; empty: it has none.
func (h *shelf) fresh(s *stream, name, source string) {
	h.mu.Lock()
	s.called = h.names.keep(name, beside(name, source))
	h.mu.Unlock()
	s.body = h.body(s)
	h.opened = append(h.opened, s)
}

func (h *shelf) body(s *stream) (b *body) {
	if n := len(h.spares) - 1; n >= 0 {
		b, h.spares = h.spares[n], h.spares[:n]
	} else {
		b = newBody()
	}
	b.begin(h, s)
	return b
}

// mostSpare is how many bodies are kept for others; each takes some kilobytes.
const mostSpare = 64

func (h *shelf) spare(b *body) {
	if len(h.spares) < mostSpare {
		h.spares = append(h.spares, b)
	}
}

// mark is how much is open at some moment. Each exported method of a Watch settles what it opened when it returns (settle(mark{})). Who
// walks over many streams takes a mark before each, and settles it after, so that no more than one is open for the walk; marks nest, like
// calls do. What was open at the mark stays open, and its body stays valid: opening twice is opening once, and who opened first closes.
// What was opened since is put back, with the origins that reading it opened: of it nobody holds a body, a link, a sample, a record or a
// view beyond the settle, since the next stream that is opened gets their memory. Handles (*stream, *origin), keys and texts of verdicts
// and changes may be held.
type mark struct{ streams, origins int }

func (h *shelf) mark() mark { return mark{len(h.opened), len(h.openOrigins)} }

// settle puts back what was opened after a moment. Streams come before origins: packing a stream reads its origins.
func (h *shelf) settle(m mark) {
	for _, s := range h.opened[m.streams:] {
		if s.over {
			h.release(s)
		} else {
			h.rest(s)
		}
		if h.keeps && !s.over {
			s.held = append(s.held[:0], h.packer.held...)
			continue
		}
		h.spare(s.body)
		s.body = nil
	}
	for _, o := range h.openOrigins[m.origins:] {
		h.restOrigin(o)
	}
	clear(h.opened[m.streams:])
	clear(h.openOrigins[m.origins:])
	h.opened, h.openOrigins = h.opened[:m.streams], h.openOrigins[:m.origins]
}

// rest packs a stream.
func (h *shelf) rest(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(s.links) > 0 {
		h.nameSource(s, s.links[0])
	}
	p := &h.packer
	p.write(h.buffer, s.held)
	s.pack(p)
	h.words.release(s.held)
	h.packed.put(s.number, p.packed())
	h.buffer, s.shared = p.data, s.kin
	s.unseen, s.many = s.whole == nil && len(s.links) == 0, len(s.links) >= manyLinks
}

// beside is the name of an origin as it is kept beside that of a stream; empty: it is the same, or too long.
func beside(name, source string) string {
	if source == name || !fit(name, source) {
		return ""
	}
	return source
}

// nameSource keeps the name of the first link's origin beside the stream's own.
func (h *shelf) nameSource(s *stream, l *link) {
	if source := beside(s.key.Stream, l.subject.Origin); s.source != source {
		h.names.release(s.called)
		s.called = h.names.keep(s.key.Stream, source)
		s.source = h.names.second(s.called)
	}
	if o := l.origin; o != nil && fit(s.key.Stream, l.subject.Origin) {
		o.name = cmp.Or(s.source, s.name())
	}
}

// release lets go of what an open stream holds that was forgotten: it has no name any more.
func (h *shelf) release(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.words.release(s.held)
	h.names.release(s.called)
	s.called = naming{}
}
