package main

import (
	"fmt"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// hello is what a fleet says first.
type hello struct {
	Streams int `json:"streams"`
	Links   int `json:"links"`
	Bytes   int `json:"bytes"` // of all documents together
}

func (f *fleet) hello() hello {
	h := hello{Streams: len(f.streams), Links: len(f.feeds)}
	var text []byte
	for n := range f.streams {
		s := &f.streams[n]
		m := f.states.momentOf(s, n, time.Now())
		text = s.fill(text[:0], &m)
		h.Bytes += len(text)
	}
	return h
}

// failure is a stream whose links were cut.
type failure struct {
	Stream string        `json:"stream"`
	Links  int           `json:"links"`
	Limit  time.Duration `json:"limit"`
	At     time.Time     `json:"at"`

	Heard map[string]time.Time `json:"heard"` // when its link from an origin had contact last
}

// orders is what a fleet can be told to do.
const orders = `cut, mend, delete or restore with "streams": [numbers]; fail with "n": how many links; freeze with "n": which server; thaw; counts; asked`

// do carries out an order.
func (f *fleet) do(o *measure.Order) (any, error) {
	switch o.Do {
	case "counts":
		return f.count.tally(), nil
	case "fail":
		return f.fail(o.N), nil
	case "asked":
		return f.askedSince(), nil
	case "freeze":
		if o.N < 0 || o.N >= servers {
			return nil, fmt.Errorf("there is no server %d, of %d", o.N, servers)
		}
		f.states.freeze(o.N)
		return nil, nil
	case "thaw":
		f.states.freeze(-1)
		return nil, nil
	case "cut", "mend", "delete", "restore":
		return nil, f.change(o)
	}
	return nil, fmt.Errorf("it is no order; orders are %s", orders)
}

// change does to single streams what is ordered.
func (f *fleet) change(o *measure.Order) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := f.states
	st.mu.Lock()
	for _, n := range o.Streams {
		if n < 0 || n >= len(f.streams) {
			st.mu.Unlock()
			return fmt.Errorf("there is no stream %d, of %d", n, len(f.streams))
		}
		switch o.Do {
		case "cut":
			st.cut[n] = time.Now()
		case "mend":
			st.cut[n] = time.Time{}
			delete(f.asked, n)
		default:
			st.gone[n] = o.Do == "delete"
		}
	}
	st.mu.Unlock()
	f.sort()
	return nil
}

// fail cuts the streams that are to fail, up to so many links, all at the same moment, and tells which. Those of a frozen
// server are left alone: nobody could see it.
func (f *fleet) fail(links int) []failure {
	st := f.states
	var at time.Time
	var failed []failure
	cut := func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		at = time.Now()
		for n := range f.streams {
			s := &f.streams[n]
			if !failing(n) || serverOf(n) == st.frozen || len(s.origins) > links {
				continue
			}
			links -= len(s.origins)
			st.cut[n] = at
			failed = append(failed, failure{Stream: s.name, Links: len(s.origins), Limit: s.limit, At: at})
		}
	}
	cut()
	for k := range failed {
		x := &failed[k]
		n := f.byName[x.Stream]
		s := &f.streams[n]
		m := st.momentOf(s, n, at)
		x.Heard = map[string]time.Time{}
		for l, origin := range s.origins {
			x.Heard[origin] = at.Add(-m.active[l])
		}
	}
	return failed
}

// askedSince is when single questions about streams came, since each was cut.
func (f *fleet) askedSince() map[string][]time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := make(map[string][]time.Time, len(f.asked))
	for n, times := range f.asked {
		asked[f.streams[n].name] = times
	}
	return asked
}
