package jetstream

import (
	"maps"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// How streams are remembered.
const (
	configDoubt  = 10 * time.Second // a configuration that is younger is believed although the state does not fit it
	forgetStream = 24 * time.Hour   // after a server told of it last
)

// catalogue is what servers told of streams: their configurations, which most answers leave out, their newest states as their
// leaders told them, and where they are.
type catalogue struct {
	connection string

	mu       sync.Mutex
	entries  map[pipeline.StreamKey]*entry
	accounts map[string]string // ids by the names that keys tell
	names    map[string]string // and the other way round
	served   map[string]int    // streams by server
	slowest  time.Duration     // that an answer took its server lately
}

// entry is one stream.
type entry struct {
	config   *document // of which only the configuration is kept; nil: not known
	created  time.Time // of the stream that config is of
	configAt time.Time // when the question went out that told it
	view     pipeline.OriginView
	peers    []string  // ids of the servers that hold it, the leader first
	placed   time.Time // when the question went out that told them
	gone     time.Time // when no server was found to know it any more; zero: it is there
	told     time.Time // when a server told of it last
}

// learn takes in a copy, and completes it with the configuration where that is known.
func (c *catalogue) learn(x *copied) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[x.key]
	if e == nil {
		if c.entries == nil {
			c.entries = map[pipeline.StreamKey]*entry{}
		}
		e = &entry{}
		c.entries[x.key] = e
	}
	e.gone, e.told = time.Time{}, x.at
	switch {
	case x.doc.Config.Name != "":
		if e.config == nil || !x.asked.Before(e.configAt) {
			e.config, e.created, e.configAt = &document{Config: x.doc.Config}, x.doc.Created, x.asked
		}
	case e.config == nil || !e.created.Equal(x.doc.Created) || x.led && !e.fits(x):
		x.bare = true
		x.doc.Config.Name = x.key.Stream
	default:
		x.doc.Config = e.config.Config
	}
	if !x.led || x.asked.Before(e.view.Asked) {
		return
	}
	e.peers, e.placed = e.peers[:0:0], x.asked
	e.peers = append(e.peers, serverID(x.key.Domain, x.server))
	for _, p := range x.doc.peers() {
		e.peers = append(e.peers, serverID(x.key.Domain, p.Name))
	}
	if x.bare {
		return
	}
	view := pipeline.OriginView{Path: pipeline.PathSystem, Asked: x.asked, At: x.at}
	if err := x.doc.view(&view); err == nil {
		e.view = view
	}
}

// fits tells whether a leader's copy has the links that the configuration says; just after a change it may not.
func (e *entry) fits(x *copied) bool {
	if x.asked.Sub(e.configAt) < configDoubt {
		return true
	}
	config := &e.config.Config
	return (config.Mirror == nil) == (x.doc.Mirror == nil) && len(config.Sources) == len(x.doc.Sources)
}

// holder is a stream and the servers that hold it.
type holder struct {
	key   pipeline.StreamKey
	peers []string
}

// known are the streams that are there as far as is known, in no order.
func (c *catalogue) known() []holder {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]holder, 0, len(c.entries))
	for key, e := range c.entries {
		switch {
		case time.Since(e.told) > forgetStream:
			delete(c.entries, key)
		case e.gone.IsZero():
			all = append(all, holder{key, slices.Clone(e.peers)})
		}
	}
	return all
}

// holders are the servers that hold a stream, as of the time when its leader was asked last.
func (c *catalogue) holders(key pipeline.StreamKey) ([]string, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		return slices.Clone(e.peers), e.placed
	}
	return nil, time.Time{}
}

// configured tells whether a stream's configuration is known.
func (c *catalogue) configured(key pipeline.StreamKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	return e != nil && e.config != nil && e.gone.IsZero()
}

// lose notes that a stream is gone.
func (c *catalogue) lose(key pipeline.StreamKey, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil && e.gone.IsZero() {
		e.gone, e.config, e.view = now, nil, pipeline.OriginView{}
	}
}

// account returns the name under which an account's streams are known: its own, or its id where another account has that name.
func (c *catalogue) account(name, id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.names[id]; ok {
		return known
	}
	if c.names == nil {
		c.names, c.accounts = map[string]string{}, map[string]string{}
	}
	if _, taken := c.accounts[name]; taken {
		name = id
	}
	c.names[id], c.accounts[name] = name, id
	return name
}

// accountID returns an account's id; empty: no server told of it yet.
func (c *catalogue) accountID(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accounts[name]
}

// accountName returns the name of an account's id, or the id itself.
func (c *catalogue) accountName(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := c.names[id]; ok {
		return name
	}
	return id
}

// answered notes how many streams a server holds, and how long it took to tell of them.
func (c *catalogue) answered(server string, streams int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.served == nil {
		c.served = map[string]int{}
	}
	c.served[server] = streams
	c.slowest = max(took, c.slowest/2)
}

// most is the greatest number of streams on one server; the largest there is while nobody told.
func (c *catalogue) most() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.served) == 0 {
		return packStreams
	}
	return slices.Max(slices.Collect(maps.Values(c.served)))
}

// effort is how long an answer took its server lately.
func (c *catalogue) effort() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slowest
}
