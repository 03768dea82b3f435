package main

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// fleet answers the JetStream API for streams that exist in its answers only.
type fleet struct {
	streams []stream
	states  *states
	origin  document
	byName  map[string]int // streams
	feeds   map[string]int // the streams that copy from origins
	count   counts
	conns   []*nats.Conn

	mu      sync.Mutex
	present []int               // streams that were not deleted, by name
	asked   map[int][]time.Time // single questions about streams that were cut, since then
}

// counts is what was asked of a fleet.
type counts struct {
	Pages   atomic.Int64 `json:"-"` // of STREAM.LIST
	Listed  atomic.Int64 `json:"-"` // streams on them, and in answers to JSZ
	Names   atomic.Int64 `json:"-"` // pages of STREAM.NAMES
	Infos   atomic.Int64 `json:"-"` // STREAM.INFO about streams
	Origins atomic.Int64 `json:"-"` // and about origins
	JSZ     atomic.Int64 `json:"-"`
}

// tally is counts at one moment.
type tally struct{ Pages, Listed, Names, Infos, Origins, JSZ int64 }

func (c *counts) tally() tally {
	return tally{c.Pages.Load(), c.Listed.Load(), c.Names.Load(), c.Infos.Load(), c.Origins.Load(), c.JSZ.Load()}
}

func newFleet(links int, like *likeness) (*fleet, error) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	streams, err := makeStreams(links, like, created)
	if err != nil {
		return nil, err
	}
	f := &fleet{
		streams: streams, states: newStates(len(streams)),
		byName: make(map[string]int, len(streams)), feeds: make(map[string]int, links), asked: map[int][]time.Time{},
	}
	if f.origin, err = cut(originTemplate(created), 0); err != nil {
		return nil, err
	}
	for n := range streams {
		f.byName[streams[n].name] = n
		for _, origin := range streams[n].origins {
			f.feeds[origin] = n
		}
	}
	f.sort()
	return f, nil
}

// sort lists the streams that are there, by name as servers do. The lock is held, or nobody else has the fleet yet.
func (f *fleet) sort() {
	present := make([]int, 0, len(f.streams))
	for n := range f.streams {
		if there, _ := f.states.of(n); there {
			present = append(present, n)
		}
	}
	slices.SortFunc(present, func(a, b int) int { return strings.Compare(f.streams[a].name, f.streams[b].name) })
	f.present = present
}

func (f *fleet) listed() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.present
}
