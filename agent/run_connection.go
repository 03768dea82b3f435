package agent

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
)

// settling is how long a ring that was just started, or is being replaced, counts as turning.
const settling = 10 * time.Second

// connection is one connection that is watched.
type connection struct {
	config jetstream.Config
	whole  jetstream.Config // with what its nats context says
	pace   jetstream.Pace
	source source
	asker  *streamSource // the source, where it can be asked about other connections' origins
	judged judgement
	named  []*streamSource // those of its origins list
	asked  pipeline.Source // what the ring asks
	ring   *pipeline.Ring
	task   *task // that runs the ring; nil: not started

	mu    sync.Mutex
	began time.Time // when the ring started, or began to be replaced
}

// judgement is what a ring's verdicts depend on beside its source.
type judgement struct {
	rules    RulesConfig
	interval time.Duration
	looks    int
	metadata []string
}

func (c *Config) judgement() judgement {
	return judgement{rules: c.Rules, interval: c.Interval, looks: c.LooksPerSecond, metadata: c.metadata()}
}

// connect makes the connections of a configuration. Those that stay as they are keep their ring, those of which only the rules
// changed their source; the rest are opened, all at once. It waits no longer than 2 s for servers. On an error
// nothing that is new is left open.
func (a *assembly) connect(ctx context.Context, config *Config) ([]*connection, error) {
	all := make([]*connection, len(config.Connections))
	var missing []jetstream.Config
	for i, c := range config.Connections {
		all[i] = &connection{config: c, whole: c, pace: config.pace(), judged: config.judgement()}
		if whole, err := c.WithContext(); err == nil { // else opening it says why
			all[i].whole = whole
		}
		old := find(a.connections, c.Name)
		if old != nil && reflect.DeepEqual(old.whole, all[i].whole) && old.pace == all[i].pace {
			all[i].source, all[i].asker = old.source, old.asker
		} else {
			missing = append(missing, c)
		}
	}
	opened, err := openSources(ctx, missing, config.pace(), a.log)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.source == nil {
			c.source, opened = opened[0], opened[1:]
			c.asker = askerOf(c.source)
		}
	}
	for i, c := range all {
		c.meet(all)
		old := find(a.connections, c.config.Name)
		switch {
		case old == nil || old.source != c.source || !slices.Equal(old.named, c.named):
		case reflect.DeepEqual(old.judged, c.judged):
			all[i] = old
		default:
			c.asked = old.asked // with what it learnt of the ways to origins
		}
	}
	return all, nil
}

func find(connections []*connection, name string) *connection {
	for _, c := range connections {
		if c.config.Name == name {
			return c
		}
	}
	return nil
}

// newRing makes the ring of a connection, which goes on from state.
func (a *assembly) newRing(now time.Time, config *Config, c *connection, state pipeline.State) *pipeline.Ring {
	watch := config.newWatch(now, c.config.Name, c.config.Streams.Watches, a.board, state)
	return pipeline.NewRing(c.config.Name, watch, c.asked, a.committer, a, a.log)
}

// start turns the ring until ctx ends, or end.
func (c *connection) start(ctx context.Context) {
	c.settle()
	c.task = begin(ctx, c.ring.Run)
}

// end stops the ring, and returns once it has stopped.
func (c *connection) end() {
	c.settle()
	c.task.end()
}

func (c *connection) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began = time.Now()
}

func (c *connection) turning(now time.Time) bool {
	c.mu.Lock()
	began := c.began
	c.mu.Unlock()
	return now.Sub(began) < settling || c.ring.Turning(now)
}

// sources returns the sources of connections, for closing.
func sources(connections []*connection) []source {
	all := make([]source, len(connections))
	for i, c := range connections {
		all[i] = c.source
	}
	return all
}
