package jetstream

// This file holds how documents are read that are written like one before: the same keys in the same order, with the same values
// where these are of no interest and mostly the same. A server writes most of its streams so. Of such a document what stands between
// its parts is compared, and only the parts are read.

// step is one of a document: what stands before a part, and the part. Those that can follow on each other make a tree, with
// a document's end at each of its leaves.
type step struct {
	text string
	part part
	then *step // the first that can follow
	or   *step // another that can stand in its place
}

// How much is kept of shapes. Where streams are written in more ways than there is room for, the first ones are kept for a while.
const (
	mostSteps   = 4096
	mostOfOne   = mostSteps / 8 // by one document: an aggregate of many sources leaves room for others
	longText    = 1 << 10       // bytes between two parts
	mostMissed  = 4096          // documents that were written in none of the ways
	mostUnknown = 256           // keys
	longUnknown = 64            // bytes of a value
)

// shapes are the documents that a decoder knows to read sooner.
type shapes struct {
	root    step
	steps   int
	room    int               // for more of the document that is read
	missed  int               // since there is no room
	unknown map[string]string // by key what stands there, of what is not of interest; empty: that differs
}

// again reads a document that is written like one before. It is false where that is not so, and the decoder then stands where it did.
func (d *decoder) again() bool {
	d.clear()
	before := d.scanner
	for at := d.memory.shapes.root.then; at != nil; {
		end := d.pos + len(at.text)
		if end > len(d.data) || string(d.data[d.pos:end]) != at.text {
			at = at.or
			continue
		}
		d.pos = end
		if at.part == partEnd {
			d.first = false
			return true
		}
		if d.read(at.part); d.err != nil {
			break
		}
		at = at.then
	}
	d.scanner = before
	return false
}

// learn reads a document key by key, and remembers how it is written.
func (d *decoder) learn() {
	if d.memory != nil {
		d.path, d.mark = d.memory.shapes.begin(), d.pos
	}
	if d.fields(); d.err == nil && d.wrong == nil {
		d.note(partEnd)
	}
	d.path = nil
}

// begin returns where a document's steps begin; nil: there is no room for more.
func (s *shapes) begin() *step {
	if s.steps >= mostSteps {
		if s.missed++; s.missed < mostMissed {
			return nil
		}
		s.root, s.steps, s.missed = step{}, 0, 0
	}
	s.room = min(mostOfOne, mostSteps-s.steps)
	return &s.root
}

// part reads a part, and notes where it stands.
func (d *decoder) part(p part) {
	d.note(p)
	d.read(p)
	d.mark = d.pos
}

// note adds a step to what is learnt: the part that comes next.
func (d *decoder) note(p part) {
	if d.path != nil {
		d.path = d.memory.shapes.after(d.path, d.data[d.mark:d.pos], p)
	}
}

// after returns the step that follows on another; nil: there is no room for it.
func (s *shapes) after(from *step, text []byte, p part) *step {
	for at := from.then; at != nil; at = at.or {
		if at.part == p && at.text == string(text) {
			return at
		}
	}
	if s.room == 0 || len(text) > longText {
		return nil
	}
	s.room--
	s.steps++
	from.then = &step{text: string(text), part: p, or: from.then} // the newest is likely to come again
	return from.then
}

// unknown passes over a value that is not of interest. Where it was another in a document before, it is a part.
func (d *decoder) unknown() {
	if d.path == nil {
		d.skip()
		return
	}
	key, start := d.data[d.keyed:d.pos], d.pos
	if d.skip(); d.err != nil || !d.memory.shapes.differs(key, d.data[start:d.pos]) {
		return
	}
	end := d.pos
	d.pos = start
	d.note(partUnknown)
	d.pos, d.mark = end, end
}

// differs tells whether what stands at a key is not always the same.
func (s *shapes) differs(key, value []byte) bool {
	before, known := s.unknown[string(key)]
	switch {
	case known && before == string(value):
		return false
	case known:
		s.unknown[string(key)] = ""
	case len(key)+len(value) <= longUnknown && len(s.unknown) < mostUnknown:
		if s.unknown == nil {
			s.unknown = map[string]string{}
		}
		s.unknown[string(key)] = string(value)
		return false
	}
	return true
}
