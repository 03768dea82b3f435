package jetstream

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// This file holds how texts and keys are read.

// Eight bytes at a time, each in its place.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// span passes over a text. It returns what stands between the quotes, and whether escapes, or capitals and letters beyond ASCII,
// are in it.
func (s *scanner) span() (raw []byte, escapes, odd bool) {
	if s.peek() != '"' {
		s.fail("a text is due")
		return nil, false, false
	}
	data, start := s.data, s.pos+1
	var marks uint64
	for i := start; ; {
		for i+8 <= len(data) {
			x := binary.LittleEndian.Uint64(data[i:])
			quote, slash, ascii := x^('"'*ones), x^('\\'*ones), x&^highs
			// The lowest byte that is marked is a quote, a backslash or a control character; others may be marked wrongly.
			stop := ((quote-ones)&^quote | (slash-ones)&^slash | (x-' '*ones)&^x) & highs
			strange := (ascii+(0x80-'A')*ones)&^(ascii+(0x7f-'Z')*ones) | x
			if stop != 0 {
				marks |= strange & (stop&-stop>>7 - 1)
				i += bits.TrailingZeros64(stop) / 8
				break
			}
			marks |= strange
			i += 8
		}
		for i < len(data) && data[i] != '"' && data[i] != '\\' && data[i] >= ' ' { // near the document's end
			marks |= highs
			i++
		}
		switch {
		case i >= len(data) || data[i] < ' ':
			s.pos = i
			s.fail("not allowed in a text")
			return nil, false, false
		case data[i] == '"':
			s.pos = i + 1
			return data[start:i], escapes, marks&highs != 0
		}
		escapes = true
		n := escaped(data[i:])
		if n == 0 {
			s.pos = i
			s.fail("no escape")
			return nil, false, false
		}
		i += n
	}
}

// escaped is the length of the escape sequence that b begins with; 0: it is none.
func escaped(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && hex4(b[2:6]) >= 0 {
			return 6
		}
	}
	return 0
}

// hex4 reads four hexadecimal digits; negative: they are not.
func hex4(b []byte) rune {
	var r rune
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// plain passes over a text of ASCII without escapes, as most are, and returns what stands between the quotes. It is false where the
// text is not so, or stands near the document's end: the scanner then stands where it did. A quote has to be next.
func (s *scanner) plain() (raw []byte, ok bool) {
	data, start := s.data, s.pos+1
	for i := start; i+8 <= len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		quote, slash := x^('"'*ones), x^('\\'*ones)
		stop := ((quote-ones)&^quote | (slash-ones)&^slash | (x - ' '*ones) | x) & highs // the lowest mark is right
		if stop == 0 {
			continue
		}
		if i += bits.TrailingZeros64(stop) / 8; data[i] != '"' {
			return nil, false
		}
		s.pos = i + 1
		return data[start:i], true
	}
	return nil, false
}

// pass passes over a text.
func (s *scanner) pass() {
	if s.peek() == '"' {
		if _, ok := s.plain(); ok {
			return
		}
	}
	s.span()
}

// text reads a text. What had to be unescaped stays until the next text or key is read.
func (s *scanner) text() []byte {
	if s.peek() != '"' {
		s.misfit("a text")
		return nil
	}
	if raw, ok := s.plain(); ok {
		return raw
	}
	raw, escapes, odd := s.span()
	if escapes || odd && !utf8.Valid(raw) {
		return s.unescape(raw)
	}
	return raw
}

// unescape writes a text as it is meant. As encoding/json does, it replaces what is no UTF-8 and halves of surrogate pairs.
func (s *scanner) unescape(raw []byte) []byte {
	to := s.scratch[:0]
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(raw[i:])
			to = utf8.AppendRune(to, r)
			i += size
		case c != '\\':
			to = append(to, c)
			i++
		case raw[i+1] == 'u':
			r := hex4(raw[i+2 : i+6])
			i += 6
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if len(raw) >= i+6 && raw[i] == '\\' && raw[i+1] == 'u' {
					low = hex4(raw[i+2 : i+6])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			to = utf8.AppendRune(to, r)
		default:
			to = append(to, unescaped(raw[i+1]))
			i += 2
		}
	}
	s.scratch = to
	return to
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// key reads the key of an object's element, in small letters: encoding/json takes keys in any.
func (s *scanner) key() []byte {
	raw, escapes, odd := s.name()
	if escapes {
		raw = s.unescape(raw)
	}
	if escapes || odd {
		return lower(raw)
	}
	return raw
}

// name passes over a key and the colon after it.
func (s *scanner) name() (raw []byte, escapes, odd bool) {
	s.peek()
	s.keyed = s.pos
	raw, escapes, odd = s.span()
	if s.colon(); s.err != nil {
		return nil, false, false
	}
	return raw, escapes, odd
}

// colon passes over what stands behind a key.
func (s *scanner) colon() {
	if s.peek() != ':' {
		s.fail("a colon is due")
		return
	}
	s.pos++
}

// lower writes a key in small letters; two letters are ASCII in one case only.
func lower(raw []byte) []byte {
	to := make([]byte, 0, len(raw)) // never in what servers write
	for _, r := range string(raw) {
		switch {
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r == 'ſ':
			r = 's'
		case r == '\u212a': // Kelvin
			r = 'k'
		}
		to = utf8.AppendRune(to, r)
	}
	return to
}
