package pipeline

import "math"

// scratch is the memory of a body, used anew for one stream after the other.
type scratch struct {
	shelf   *shelf
	nothing Sample    // what is known of a stream that was not seen
	samples [3]Sample // the newest, the newest with a leader, and one to come
	made    []*link
	used    int // of them
}

// mostMade is how many links a body keeps the memory of.
const mostMade = 64

// newBody returns a body with memory.
func newBody() *body { return &body{scratch: &scratch{}} }

// begin makes the body that of another stream.
func (b *body) begin(h *shelf, s *stream) {
	m := b.scratch
	if len(m.made) > mostMade {
		clear(m.made[mostMade:])
		m.made = m.made[:mostMade]
	}
	m.shelf, m.used = h, 0
	*b = body{kin: s.shared, key: s.ident(), source: s.shared.names.second(s.called), links: b.links[:0], held: b.held[:0], scratch: m}
	b.spread(s.number)
}

// spread gives the stream its phase. Multiples of the golden ratio lie evenly, however many there are of them.
func (b *body) spread(number uint32) { _, b.phase = math.Modf(float64(number+1) * math.Phi) }

// newLink returns a link of which nothing is known.
func (b *body) newLink() *link {
	if b.used == len(b.made) {
		b.made = append(b.made, &link{})
	}
	l := b.made[b.used]
	*l = link{}
	b.used++
	return l
}

// buffer returns memory for a sample that neither the newest nor the newest with a leader lies in.
func (b *body) buffer() *Sample {
	for i := range b.samples {
		if s := &b.samples[i]; s != b.whole && s != b.led {
			*s = Sample{Links: s.Links[:0], Peers: s.Peers[:0]}
			return s
		}
	}
	panic("three samples for two")
}

// keep copies what is kept of a sample. What is wanted of its settings is in the kin.
func (b *body) keep(sample *Sample) *Sample {
	s := b.buffer()
	links, peers := append(s.Links, sample.Links...), append(s.Peers, sample.Peers...)
	*s = *sample
	s.Links, s.Peers, s.Settings, s.Raw = links, peers, nil, nil
	b.at = s.At
	return s
}

// word keeps the texts of a link's identity for good: those of a sample may be parts of something large.
func (b *body) word(s Subject) Subject {
	h := b.shelf
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, text := range []*string{&s.Origin, &s.Via, &s.Filter} {
		n := h.words.hold(*text, 0)
		b.held, *text = append(b.held, n), h.words.text(n)
	}
	s.StreamKey = b.key
	return s
}
