package jetstream

import (
	"errors"
	"fmt"
)

// maxDepth is how deep a document may nest. What servers write nests six deep.
const maxDepth = 64

// scanner pulls values out of a JSON document, one after another, without allocating. Who reads asks for what is due and gets
// it as a part of the document, or unescaped in memory that the next text or key overwrites:
//
//	if s.open('{') {
//		for s.more('}') {
//			switch string(s.key()) {
//			case "total":
//				total = s.integer()
//			default:
//				s.skip()
//			}
//		}
//	}
//	err := s.end()
//
// A null reads as nothing of any kind, as it does in encoding/json. After a fault of the syntax everything reads as nothing, and
// more is false. A value of another kind than the one that is due, and a number out of range, is skipped and noted: the document
// is refused, but can be read on. All that encoding/json refuses is refused; so are documents that nest deeper than maxDepth.
//
// It reads STREAM.INFO, STREAM.LIST, STREAM.NAMES and JSZ alike: there is no other scanner.
type scanner struct {
	data    []byte
	pos     int
	depth   int
	first   bool   // the next element is its object's or array's first
	keyed   int    // where the newest key begins
	scratch []byte // for what had to be unescaped
	err     error  // of the syntax: nothing after it is read
	wrong   error  // the first value that is not of the kind that is due
}

// reset begins a document.
func (s *scanner) reset(doc []byte) {
	*s = scanner{data: doc, scratch: s.scratch[:0]}
}

// fail notes a fault of the syntax where the scanner stands.
func (s *scanner) fail(problem string) {
	if s.err != nil {
		return
	}
	if s.pos >= len(s.data) {
		s.err = errors.New("unexpected end of JSON")
	} else {
		s.err = fmt.Errorf("byte %d, %q: %s", s.pos, s.data[s.pos], problem)
	}
	s.data = s.data[:0] // so that nothing is there to be read
}

// refuse notes what is wrong with a value, and leaves the scanner as it is.
func (s *scanner) refuse(format string, args ...any) {
	if s.wrong == nil {
		s.wrong = fmt.Errorf("byte %d: "+format, append([]any{s.pos}, args...)...)
	}
}

// misfit skips a value that is not of the kind that is due, unless it is null.
func (s *scanner) misfit(due string) {
	if s.peek() != 'n' && s.err == nil {
		s.refuse("%s where %s is due", s.kind(), due)
	}
	s.skip()
}

// kind names the kind of the next value.
func (s *scanner) kind() string {
	switch s.peek() {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

// peek returns the next byte that is no white space and does not take it; 0: there is none, or the syntax is broken.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) && s.data[s.pos] > ' ' {
		return s.data[s.pos]
	}
	return s.blank()
}

// blank is the rest of peek, for documents with white space.
func (s *scanner) blank() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// open enters an object or an array, which bracket says, and is false where the value is neither.
func (s *scanner) open(bracket byte) bool {
	if s.peek() != bracket {
		due := "an object"
		if bracket == '[' {
			due = "an array"
		}
		s.misfit(due)
		return false
	}
	if s.depth++; s.depth > maxDepth {
		s.fail("nested too deep")
		return false
	}
	s.pos++
	s.first = true
	return true
}

// more tells whether the object or array that was opened has another element, and leaves it when not.
func (s *scanner) more(bracket byte) bool {
	c := s.peek()
	first := s.first
	s.first = false
	switch {
	case c == bracket:
		s.pos++
		s.depth--
		return false
	case first:
		return s.err == nil
	case c == ',':
		s.pos++
		return true
	}
	s.fail("a comma or the end is due")
	return false
}

// skip passes over one value of any kind, and checks its syntax.
func (s *scanner) skip() {
	switch s.peek() {
	case '"':
		s.pass()
	case '{':
		if s.open('{') {
			for s.more('}') {
				s.pass()
				s.colon()
				s.skip()
			}
		}
	case '[':
		if s.open('[') {
			for s.more(']') {
				s.skip()
			}
		}
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.number()
	}
}

// literal passes over a word of JSON.
func (s *scanner) literal(word string) {
	if len(s.data)-s.pos >= len(word) && string(s.data[s.pos:s.pos+len(word)]) == word {
		s.pos += len(word)
		return
	}
	s.fail("no value")
}

// end tells what is wrong with the document, once its value was read.
func (s *scanner) end() error {
	if s.peek(); s.err == nil && s.pos < len(s.data) {
		s.fail("something follows the document")
	}
	if s.err != nil {
		return s.err
	}
	return s.wrong
}
