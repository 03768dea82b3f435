package jetstream

import (
	"strings"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// How streams are remembered.
const (
	configDoubt  = 10 * time.Second // a configuration that is younger is believed although the state does not fit it
	forgetStream = 24 * time.Hour   // after a server told of it last
	// configOldest is when a configuration that no sweep brought anew is believed no more: it is asked for then.
	configOldest = 2 * configEvery
)

// catalogue is what servers told of streams: their configurations, which most answers leave out, their newest states as their
// leaders told them, and where they are.
type catalogue struct {
	connection string

	mu       sync.Mutex
	entries  map[pipeline.StreamKey]*entry
	there    int               // entries that were not gone at the newest round
	numbers  int               // that entries have, from 0 on
	free     []int             // of them, those that no entry has any more
	accounts map[string]string // ids by the names that keys tell
	names    map[string]string // and the other way round
	served   map[string]load   // by server
	slowest  time.Duration     // that an answer took its server lately
}

// load is what one server holds.
type load struct{ streams, accounts int }

// entry is one stream.
type entry struct {
	key      pipeline.StreamKey
	number   int
	terms    *terms    // nil: not known
	created  time.Time // of the stream that terms are of
	configAt time.Time // when the question went out that told them

	newest *telling // in which its leader told of it with terms known; nil: none
	leader string
	state  pipeline.StreamState

	peers  []string  // names of the servers that hold it, the leader first
	placed time.Time // when the question went out that told them
	gone   time.Time // when no server was found to know it any more; zero: it is there
	told   time.Time // when a server told of it last
}

// learn takes in a copy, and completes it with the configuration where that is known, in memory of the decoder that read it.
func (c *catalogue) learn(x *copied, d *decoder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entry(x.key)
	x.key = e.key
	e.gone, e.told = time.Time{}, x.at
	if x.wrong != nil {
		return
	}
	switch {
	case x.doc.Config.Name != "":
		// A follower may be behind: of one question its leader's word counts.
		if e.terms == nil || e.configAt.Before(x.asked) || x.led && e.configAt.Equal(x.asked) {
			if !e.created.Equal(x.doc.Created) {
				e.newest = nil // it is of the stream before
			}
			e.terms, e.created, e.configAt = termsOf(x.doc, e.terms), x.doc.Created, x.asked
		}
	case e.terms == nil || !e.created.Equal(x.doc.Created) || x.asked.Sub(e.configAt) > configOldest || x.led && !e.fits(x):
		x.bare = true
		x.doc.Config.Name = x.key.Stream
	default:
		e.terms.complete(x.doc, d)
	}
	if !x.led || e.newest != nil && x.asked.Before(e.newest.asked) {
		return
	}
	e.place(x)
	if !x.bare && x.doc.check() == nil {
		e.newest, e.leader, e.state = x.telling, x.doc.leader(), x.doc.state()
	}
}

// entry returns the stream's, which is made where it is new. The lock is held.
func (c *catalogue) entry(key pipeline.StreamKey) *entry {
	if e := c.entries[key]; e != nil {
		return e
	}
	if c.entries == nil {
		c.entries = map[pipeline.StreamKey]*entry{}
	}
	key.Stream, key.Domain = strings.Clone(key.Stream), strings.Clone(key.Domain) // they are parts of larger texts
	e := &entry{key: key}
	if n := len(c.free); n > 0 {
		e.number, c.free = c.free[n-1], c.free[:n-1]
	} else {
		e.number = c.numbers
		c.numbers++
	}
	c.entries[key] = e
	return e
}

// fits tells whether a leader's copy has the links that the configuration says; just after a change it may not.
func (e *entry) fits(x *copied) bool {
	return x.asked.Sub(e.configAt) < configDoubt || e.terms.fits(x.doc)
}

// place notes which servers hold the stream, as its leader tells.
func (e *entry) place(x *copied) {
	e.placed = x.asked
	var others []peer
	if x.doc.Cluster != nil {
		others = x.doc.Cluster.Replicas
	}
	same := len(e.peers) == 1+len(others) && e.peers[0] == x.server.Name
	for i := 0; same && i < len(others); i++ {
		same = e.peers[i+1] == others[i].Name
	}
	if same {
		return
	}
	e.peers = append(make([]string, 0, 1+len(others)), x.server.Name) // others may still read the old list
	for _, p := range others {
		e.peers = append(e.peers, p.Name)
	}
}

// ids are the servers that hold the stream.
func (e *entry) ids() []string {
	all := make([]string, 0, len(e.peers))
	for _, name := range e.peers {
		all = append(all, serverID(e.key.Domain, name))
	}
	return all
}

// holders are the servers that hold a stream, as of the time when its leader was asked last.
func (c *catalogue) holders(key pipeline.StreamKey) ([]string, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		return e.ids(), e.placed
	}
	return nil, time.Time{}
}

// configured tells whether a stream's configuration is known, for a question that goes out now.
func (c *catalogue) configured(key pipeline.StreamKey, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	return e != nil && e.terms != nil && e.gone.IsZero() && now.Sub(e.configAt) <= configOldest
}

// lose notes that a stream is gone.
func (c *catalogue) lose(key pipeline.StreamKey, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil && e.gone.IsZero() {
		e.gone, e.terms, e.newest = now, nil, nil
	}
}
