package pipeline

import (
	"maps"
	"slices"
)

// streamSet is a set of streams, mostly of one: a mirror with an origin of its own.
type streamSet struct {
	only   *stream // nil: there is none, or several
	others map[*stream]bool
}

func (t *streamSet) add(s *stream) {
	switch {
	case t.only == s:
	case t.others != nil:
		t.others[s] = true
	case t.only == nil:
		t.only = s
	default:
		t.others = map[*stream]bool{t.only: true, s: true}
		t.only = nil
	}
}

func (t *streamSet) remove(s *stream) {
	if t.only == s {
		t.only = nil
	}
	if delete(t.others, s); len(t.others) == 0 {
		t.others = nil
	}
}

func (t *streamSet) len() int {
	if t.only != nil {
		return 1
	}
	return len(t.others)
}

// sorted returns the streams in the order of their keys.
func (t *streamSet) sorted() []*stream {
	if t.only != nil {
		return []*stream{t.only}
	}
	return slices.SortedFunc(maps.Keys(t.others), compareStreams)
}
