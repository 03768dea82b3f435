package jetstream

import (
	"math"
	"time"
)

// This file holds how numbers, flags and times are read.

// number passes over a number. Whole is without a fraction and an exponent.
func (s *scanner) number() (raw []byte, whole bool) {
	s.peek()
	if s.err != nil {
		return nil, false
	}
	data, start := s.data, s.pos
	i := start
	if i < len(data) && data[i] == '-' {
		i++
	}
	first := i
	i = digits(data, i)
	ok := i > first && (data[first] != '0' || i == first+1)
	whole = true
	if ok && i < len(data) && data[i] == '.' {
		whole = false
		first, i = i+1, digits(data, i+1)
		ok = i > first
	}
	if ok && i < len(data) && data[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		first, i = i, digits(data, i)
		ok = i > first
	}
	s.pos = i
	if !ok {
		s.fail("no value")
		return nil, false
	}
	return data[start:i], whole
}

// digits passes over digits from i on.
func digits(data []byte, i int) int {
	for i < len(data) && data[i]-'0' < 10 {
		i++
	}
	return i
}

// integer reads a whole number that may be negative.
func (s *scanner) integer() int64 {
	n, negative, ok := s.whole()
	switch {
	case !ok:
		return 0
	case negative && n <= 1<<63:
		return -int64(n)
	case negative || n > math.MaxInt64:
		s.refuse("a number is out of range")
		return 0
	}
	return int64(n)
}

// count reads a whole number that may not be negative.
func (s *scanner) count() uint64 {
	n, negative, ok := s.whole()
	if ok && negative {
		s.refuse("a count is negative")
		return 0
	}
	return n
}

func (s *scanner) whole() (n uint64, negative, ok bool) {
	c := s.peek()
	if negative = c == '-'; !negative && c-'0' > 9 {
		s.misfit("a number")
		return 0, false, false
	}
	if n, ok = s.short(negative); ok {
		return n, negative, true
	}
	start := s.pos
	raw, whole := s.number()
	switch {
	case s.err != nil:
		return 0, false, false
	case !whole:
		s.refuse("%s is no whole number", clip(string(s.data[start:s.pos])))
		return 0, false, false
	case negative:
		raw = raw[1:]
	}
	for _, c := range raw {
		digit := uint64(c - '0')
		if n > (math.MaxUint64-digit)/10 {
			s.refuse("a number is out of range")
			return 0, false, false
		}
		n = 10*n + digit
	}
	return n, negative, true
}

// short reads a number of few digits, which cannot overflow, as most are. It is false where the next is none, or stands at the document's
// end: the scanner then stands where it did.
func (s *scanner) short(negative bool) (n uint64, ok bool) {
	data, start := s.data, s.pos
	if negative {
		start++
	}
	i := start
	for ; i < len(data) && data[i]-'0' < 10; i++ {
		n = 10*n + uint64(data[i]-'0')
	}
	if i == start || i-start > 18 || i >= len(data) || data[start] == '0' && i > start+1 || data[i] != ',' && data[i] != '}' {
		return 0, false
	}
	s.pos = i
	return n, true
}

// flag reads true or false.
func (s *scanner) flag() bool {
	switch s.peek() {
	case 't':
		s.literal("true")
		return s.err == nil
	case 'f':
		s.literal("false")
		return false
	}
	s.misfit("true or false")
	return false
}

// minute is the minute in which a time lay that was read before: most times of a listing lie in few.
type minute struct {
	text  [len("2006-01-02T15:04:")]byte
	begin time.Time
}

// time reads a time, as RFC 3339 has it. It is likely to be in the minute m, which becomes the one that it is in.
func (s *scanner) time(m *minute) (t time.Time) {
	if s.peek() != '"' {
		s.misfit("a time")
		return t
	}
	raw, ok := s.plain()
	if !ok {
		if raw, _, _ = s.span(); s.err != nil {
			return t
		}
	}
	n := len(m.text)
	if len(raw) > n && string(raw[:n]) == string(m.text[:]) {
		if after, ok := seconds(raw[n:]); ok {
			return m.begin.Add(after)
		}
	}
	if err := t.UnmarshalText(raw); err != nil {
		s.refuse("%w", err)
		return time.Time{}
	}
	if after, ok := seconds(raw[n:]); ok {
		copy(m.text[:], raw)
		m.begin = t.Add(-after)
	}
	return t
}

// seconds reads the end of a time in UTC: "05Z", "05.123456789Z".
func seconds(text []byte) (d time.Duration, ok bool) {
	if len(text) < 3 || len(text) > len("05.123456789Z") || text[0]-'0' > 5 || text[1]-'0' > 9 || text[len(text)-1] != 'Z' {
		return 0, false
	}
	d = time.Duration(text[0]-'0')*10*time.Second + time.Duration(text[1]-'0')*time.Second
	if len(text) == 3 {
		return d, true
	}
	fraction := time.Duration(0)
	for _, c := range text[3 : len(text)-1] {
		if c-'0' > 9 {
			return 0, false
		}
		fraction = 10*fraction + time.Duration(c-'0')
	}
	for range len("05.123456789Z") - len(text) {
		fraction *= 10
	}
	return d + fraction, text[2] == '.' && len(text) > 4
}
