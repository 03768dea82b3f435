package jetstream

import (
	"bytes"
	"fmt"
	"time"
)

// page is one answer of STREAM.LIST or STREAM.NAMES. What it lists is read later, element by element, out of the answer itself.
type page struct {
	total, limit int
	missing      []string
	offline      map[string]string // name to reason
	refused      *apiError

	doc     []byte
	streams int  // where the array of streams begins; 0: there is none
	last    bool // it is the last of the answer, and not read yet
	none    bool // it is empty

	offset    int
	alone     bool // no other was asked for beside it
	asked, at time.Time
	err       error
}

// empty tells whether the page names no stream: its offset is at the end or past it.
func (p *page) empty() bool { return p.none && len(p.missing)+len(p.offline) == 0 }

// size is how many streams the page was to tell of.
func (p *page) size() int { return max(0, min(p.limit, p.total-p.offset)) }

// read takes in an answer but for its streams. Where these come last, as they mostly do, it stops before them: where an answer ends
// with an array of objects, the streams are that, or something that is not of interest is.
func (p *page) read(doc []byte) error {
	d := &decoder{}
	d.reset(doc)
	p.doc, p.none = doc, true
	if d.open('{') {
		for f := (fielded{}); !p.last && d.more('}'); {
			switch string(d.key()) {
			case "total":
				d.once(&f, 1)
				p.total = int(d.integer())
			case "limit":
				d.once(&f, 2)
				p.limit = int(d.integer())
			case "missing":
				d.once(&f, 3)
				p.missing = d.list()
			case "offline":
				d.once(&f, 4)
				p.offline = d.texts()
			case "error":
				d.once(&f, 5)
				p.refused = d.apiError(&apiError{})
			case "streams":
				d.once(&f, 6)
				p.begin(d)
			default:
				d.skip()
			}
		}
	}
	if p.last {
		return d.wrong
	}
	return d.end()
}

// begin notes where the streams are, and passes over them unless they come last.
func (p *page) begin(d *decoder) {
	if d.peek() != '[' {
		d.misfit("an array")
		return
	}
	p.streams = d.pos
	p.none = emptyArray(p.doc[d.pos+1:])
	if p.last = endsWithObjects(p.doc); !p.last {
		d.skip()
	}
}

func emptyArray(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) == 0 || rest[0] == ']'
}

// endsWithObjects tells whether the last that an object holds is an array that ends with an object.
func endsWithObjects(doc []byte) bool {
	for _, c := range []byte("}]}") {
		doc = bytes.TrimRight(doc, " \t\r\n")
		if len(doc) == 0 || doc[len(doc)-1] != c {
			return false
		}
		doc = doc[:len(doc)-1]
	}
	return true
}

// elements has d read the streams of the page one after another and calls visit for each, with what was wrong with it. Its error
// is about the page: its syntax, or what follows the streams.
func (p *page) elements(d *decoder, visit func(i int, raw []byte, err error)) error {
	if p.streams == 0 {
		return nil
	}
	d.reset(p.doc)
	d.pos, d.depth = p.streams, 1
	if !d.open('[') {
		return d.end()
	}
	for i := 0; d.more(']'); i++ {
		d.peek()
		start := d.pos
		d.element()
		if d.err != nil {
			break
		}
		err := d.wrong
		if err != nil {
			err = fmt.Errorf("decode stream info: %w", err)
		}
		d.wrong = nil
		visit(i, p.doc[start:d.pos], err)
	}
	if !p.last { // what follows was read before
		return d.err
	}
	for d.more('}') {
		switch key := string(d.key()); key {
		case "total", "limit", "missing", "offline", "error", "streams":
			d.refuse("%s comes after the streams, and something else after it", key)
		}
		d.skip()
	}
	return d.end()
}

// names calls visit for each name on a page of STREAM.NAMES.
func (p *page) names(visit func(name string)) error {
	if p.streams == 0 {
		return nil
	}
	s := scanner{data: p.doc, pos: p.streams, depth: 1}
	if s.open('[') {
		for s.more(']') {
			visit(string(s.text()))
		}
	}
	if s.err != nil {
		return s.err
	}
	return s.wrong
}

// list reads an array of texts.
func (s *scanner) list() (all []string) {
	if !s.open('[') {
		return nil
	}
	for s.more(']') {
		all = append(all, string(s.text()))
	}
	return all
}
