package pipeline

import (
	"maps"
	"slices"
)

// This file holds which streams' links come from an origin: mostly those of one, a mirror with an origin of its own.

// link counts a stream among those whose links come from an origin.
func (q *origins) link(o *origin, s *stream) {
	switch several := q.shared[o]; {
	case o.stream == s:
	case several != nil:
		several[s] = true
	case o.stream == nil:
		o.stream = s
	default:
		q.shared[o] = map[*stream]bool{o.stream: true, s: true}
		o.stream = nil
	}
}

// unlink takes a stream out, and tells how many are left.
func (q *origins) unlink(o *origin, s *stream) (left int) {
	if o.stream == s {
		o.stream = nil
		return 0
	}
	several := q.shared[o]
	if delete(several, s); len(several) == 0 {
		delete(q.shared, o)
	}
	return len(several)
}

// feeds tells whether a link of the stream comes from an origin.
func (q *origins) feeds(o *origin, s *stream) bool { return o.stream == s || q.shared[o][s] }

// streamsOf returns the streams in the order of their keys.
func (q *origins) streamsOf(o *origin) []*stream {
	if o.stream != nil {
		return []*stream{o.stream}
	}
	return slices.SortedFunc(maps.Keys(q.shared[o]), compareStreams)
}
