package pipeline

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Board is the newest state of every link, for reporters. Rings write to it, anyone may read it at any time, and
// neither waits for the other longer than some streams take to read. It keeps no copy of what rings have: it reads their shelves.
type Board struct {
	mu          sync.RWMutex
	started     time.Time
	shelves     map[string]*shelf          // by connection
	streams     map[StreamKey][]LinkStatus // on no shelf
	connections map[string]ConnectionStatus
	incidents   map[string]Incident
	routes      map[string][]Trunk
}

// LinkStatus is one link as reporters see it.
type LinkStatus struct {
	Subject    Subject
	Level      Level         // worst of the rules' verdicts on the link and its stream
	Reason     string        // of the worst verdict; empty when ok
	Starting   bool          // not yet judged since it was first seen, or since the agent started
	First      time.Time     // first sight
	Proof      time.Time     // last proven contact; zero: never
	Limit      time.Duration // seen-critical in force; 0: none
	Reported   bool          // Lag was reported by the server in the newest complete sample
	Lag        uint64        // messages, as reported
	LagLimit   uint64        // lag-critical in force; 0: none
	Risk       Risk          // data at risk
	Unverified string        // why copying is not held against the origin; empty: it is
	Violations uint64        // seen and seen-default incidents opened since Board.Started
	Blackout   time.Duration // time spent in such incidents since Board.Started, as of Updated
	Dark       bool          // such an incident is open: Blackout goes on growing from Updated
	Updated    time.Time
}

// BlackoutAt is the time that the link spent in seen incidents by now.
func (l *LinkStatus) BlackoutAt(now time.Time) time.Duration {
	if l.Dark && now.After(l.Updated) {
		return l.Blackout + now.Sub(l.Updated)
	}
	return l.Blackout
}

// ConnectionStatus is one connection as reporters see it.
type ConnectionStatus struct {
	Name     string    `json:"name"`
	Blind    bool      `json:"blind"`
	Since    time.Time `json:"since,omitzero"` // of the blindness
	Reason   string    `json:"reason,omitempty"`
	Answered time.Time `json:"answered,omitzero"` // newest answer
	Round    time.Time `json:"round,omitzero"`    // newest round that came to its end
	Took     float64   `json:"round_seconds"`     // how long the newest round took
	Links    int       `json:"links"`
	Way      string    `json:"way,omitempty"`    // how everything is asked for; see Teller
	Period   float64   `json:"period_seconds"`   // between rounds: longer than configured where the budget says so
	Budget   float64   `json:"looks_per_second"` // streams that may be asked about in a second
	Demand   float64   `json:"demand"`           // of them, what the limits ask for beside the rounds
	Unseen   int       `json:"unseen,omitempty"` // streams that were named, but never seen: they may hold links
}

// NewBoard returns an empty board. Counters on it count from started.
func NewBoard(started time.Time) *Board {
	return &Board{
		started:     started,
		shelves:     map[string]*shelf{},
		streams:     map[StreamKey][]LinkStatus{},
		connections: map[string]ConnectionStatus{},
		incidents:   map[string]Incident{},
		routes:      map[string][]Trunk{},
	}
}

// Started is the time from which the board's counters count.
func (b *Board) Started() time.Time { return b.started }

// put shows a connection's streams from now on, as they lie on its shelf.
func (b *Board) put(connection string, h *shelf) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shelves[connection] = h
}

// Put replaces what is known of the links of a stream that no Watch with this board watches. The board keeps the slice's
// contents, not the slice.
func (b *Board) Put(key StreamKey, links []LinkStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streams[key] = append(b.streams[key][:0:0], links...)
}

// Drop forgets a stream that was Put.
func (b *Board) Drop(key StreamKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.streams, key)
}

// shelf is a connection's; nil: it has none.
func (b *Board) shelf(connection string) *shelf {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.shelves[connection]
}

// DropConnection forgets a connection, its streams and what it told of the ways between servers. Its incidents stay until they
// end.
func (b *Board) DropConnection(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.connections, name)
	delete(b.routes, name)
	delete(b.shelves, name)
	maps.DeleteFunc(b.streams, func(key StreamKey, _ []LinkStatus) bool { return key.Connection == name })
}

// PutConnection replaces what is known of a connection.
func (b *Board) PutConnection(c ConnectionStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connections[c.Name] = c
}

// PutTrunks replaces what is known of the ways between servers, as told over a connection. The slice is not to change any more.
func (b *Board) PutTrunks(connection string, routes []Trunk) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.routes[connection] = routes
}

// Trunks returns every way between servers, by the connection over which it was told.
func (b *Board) Trunks() []Trunk {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var all []Trunk
	for _, connection := range slices.Sorted(maps.Keys(b.routes)) {
		all = append(all, b.routes[connection]...)
	}
	return all
}

// PutIncident replaces what is known of an incident, and forgets an ended one.
func (b *Board) PutIncident(i Incident) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i.Ended.IsZero() {
		b.incidents[i.ID] = i
	} else {
		delete(b.incidents, i.ID)
	}
}

// Links yields every link that was there when it began, in no order, each as of one moment; rings go on meanwhile. What it yields
// is valid until the next one is asked for.
func (b *Board) Links() iter.Seq[*LinkStatus] {
	return func(yield func(*LinkStatus) bool) {
		b.mu.RLock()
		shelves, streams := slices.Collect(maps.Values(b.shelves)), slices.Collect(maps.Values(b.streams))
		b.mu.RUnlock()
		for _, h := range shelves {
			for row := range h.read() {
				if !yield(row) {
					return
				}
			}
		}
		for _, rows := range streams {
			for _, row := range rows {
				if !yield(&row) {
					return
				}
			}
		}
	}
}

// Connections returns a copy of every connection, by name.
func (b *Board) Connections() []ConnectionStatus {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]ConnectionStatus, 0, len(b.connections))
	for _, c := range b.connections {
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y ConnectionStatus) int { return cmp.Compare(x.Name, y.Name) })
	return all
}

// Incidents returns a copy of every open incident, oldest first.
func (b *Board) Incidents() []Incident {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]Incident, 0, len(b.incidents))
	for _, i := range b.incidents {
		all = append(all, i)
	}
	slices.SortFunc(all, func(x, y Incident) int {
		return cmp.Or(x.Opened.Compare(y.Opened), cmp.Compare(x.ID, y.ID))
	})
	return all
}
