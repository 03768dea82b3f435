package main

import (
	"fmt"
	"sync"
	"time"
)

// kind is what a made-up stream is.
type kind int

const (
	kindMirror    kind = iota
	kindAggregate      // of two sources
)

// What made-up streams are like. Of nine in a row the last one is an aggregate: its two sources are one link in five.
const (
	inARow       = 9
	aggregateAt  = 8
	beat         = time.Second // how often a link hears its origin while nothing moves
	busyRate     = 10          // messages a second, to such a one
	messagesEach = 48_211      // that every stream began with
	servers      = 3           // that the streams are spread over, where one is frozen
	originPrefix = "$JS.hub.API"
)

// stream is one made-up stream.
type stream struct {
	name    string
	kind    kind
	origins []string // one a link
	limit   time.Duration
	created time.Time
	busy    bool   // it gets messages
	leader  string // empty: there is one server only, which names no leader
	document
}

// makeStreams makes streams with so many links in all, four in five of them mirrors.
func makeStreams(links int, like *likeness, created time.Time) ([]stream, error) {
	systems := []string{"ORDERS", "PAYMENTS", "LEDGER", "SHIPPING", "INVENTORY"}
	things := []string{"EVENTS", "COMMANDS", "AUDIT_LOG", "SNAPSHOTS"}
	var all []stream
	for n := 0; links > 0; n++ {
		subject := fmt.Sprintf("%s_%s", systems[n%len(systems)], things[n/len(systems)%len(things)])
		s := stream{created: created, limit: like.of(n)}
		if n%inARow == aggregateAt && links > 1 {
			s.kind, s.name = kindAggregate, fmt.Sprintf("ALL_%06d_%s", n, subject)
			s.origins = []string{fmt.Sprintf("EU_%06d_%s", n, subject), fmt.Sprintf("US_%06d_%s", n, subject)}
		} else {
			s.name = fmt.Sprintf("DR_%06d_%s", n, subject)
			s.origins = []string{s.name[len("DR_"):]}
			s.busy = like.Busy > 0 && n%like.Busy == 0
		}
		if like.Cluster {
			s.leader = serverName(serverOf(n))
		}
		links -= len(s.origins)
		d, err := cut(template(&s), len(s.origins))
		if err != nil {
			return nil, err
		}
		s.document = d
		all = append(all, s)
	}
	return all, nil
}

// likeness is what made-up streams are like.
type likeness struct {
	Busy    int           `default:"10" help:"One mirror in so many gets messages; 0: none does."`
	Cluster bool          `help:"Three servers lead them: one can be frozen."`
	Least   time.Duration `default:"60s" help:"The shortest limit."`
	Most    time.Duration `default:"600s" help:"The longest."`
	// Those of streams that are to fail.
	FailLeast time.Duration `default:"60s" help:"The shortest limit of a stream that will fail: every fourth."`
	FailMost  time.Duration `default:"600s" help:"The longest."`
}

// failing tells whether a stream is one of those that are to fail: every fourth.
func failing(n int) bool { return n%4 == 1 }

// of is the limit of a stream, in whole seconds: they go round and round, in an order that neighbours do not share.
func (l *likeness) of(n int) time.Duration {
	least, most := l.Least, l.Most
	if failing(n) {
		least, most, n = l.FailLeast, l.FailMost, n/4
	}
	steps := int((most-least)/time.Second) + 1
	return least + time.Duration(n*7919%steps)*time.Second
}

// states is what streams are like now. It is for several goroutines.
type states struct {
	epoch time.Time

	mu     sync.RWMutex
	cut    []time.Time // by stream; zero: its links hear their origins
	gone   []bool      // by stream: it was deleted
	frozen int         // which server does not answer; -1: all do
}

func newStates(streams int) *states {
	return &states{epoch: time.Now(), cut: make([]time.Time, streams), gone: make([]bool, streams), frozen: -1}
}

// serverOf is which server leads a stream, where there are three.
func serverOf(n int) int { return n / inARow % servers }

func serverName(server int) string { return fmt.Sprintf("scale-%d", server) }

// freeze stops a server, and wakes another one that was; -1 is none.
func (st *states) freeze(server int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.frozen = server
}

// silent tells whether nobody answers for a stream.
func (st *states) silent(n int) bool {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.frozen == serverOf(n)
}

func (st *states) anyFrozen() bool {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.frozen >= 0
}

// of tells whether a stream is there, and since when its links do not hear their origins; zero: they do.
func (st *states) of(n int) (there bool, cut time.Time) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return !st.gone[n], st.cut[n]
}

// momentOf is what a stream is like now. The links' beats are spread over the second.
func (st *states) momentOf(s *stream, n int, now time.Time) (m moment) {
	_, cut := st.of(n)
	alive := now
	if !cut.IsZero() {
		alive = cut
	}
	m = moment{now: now, messages: messagesEach, last: s.created.Add(time.Hour)}
	for k := range s.origins {
		phase := time.Duration((n*2+k)*7919%1000) * beat / 1000
		m.active[k] = now.Sub(alive) + (alive.Sub(st.epoch)+phase)%beat
	}
	if s.busy {
		count := alive.Sub(st.epoch) * busyRate / time.Second
		m.messages += uint64(count)
		m.last = st.epoch.Add(count * time.Second / busyRate)
		m.active[0] = min(m.active[0], alive.Sub(m.last)+now.Sub(alive))
	}
	return m
}

// usual is what streams are like where nothing else is said.
func usual() likeness {
	return likeness{Busy: 10, Least: time.Minute, Most: 10 * time.Minute, FailLeast: time.Minute, FailMost: 10 * time.Minute}
}
