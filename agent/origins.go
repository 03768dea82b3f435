package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
)

// originSource is a connection's source that asks the connections of its origins list about origins too. The list's
// connections are not its own: others open and close them.
type originSource struct {
	*jetstream.Source
	named []*streamSource

	mu    sync.Mutex
	ways  map[pipeline.OriginKey]*ways
	swept time.Time
}

// ways is what was learnt of the ways to one origin, by their place: the named connections in order, then the mirror's own path.
type ways struct {
	used time.Time
	path int               // told of it last; -1: none did
	well bool              // the newest question on that path told
	told map[int]time.Time // by each path that ever told of it: when the origin was created, as told newest
}

// forgetWays is how long what was learnt of an origin is kept after the last question about it.
const forgetWays = time.Hour

// withOrigins returns what rings ask, in the order of the connections: a source, and where its connection has an origins
// list, those of the list with it.
func withOrigins(connections []jetstream.Config, sources []source) []pipeline.Source {
	all := make([]*connection, len(sources))
	for i, c := range connections {
		all[i] = &connection{config: c, source: sources[i], asker: askerOf(sources[i])}
	}
	asked := make([]pipeline.Source, len(all))
	for i, c := range all {
		c.meet(all)
		asked[i] = c.asked
	}
	return asked
}

// askerOf makes a source one that other connections ask about their origins; nil: in system scope there is no such.
func askerOf(s source) *streamSource {
	if account, ok := s.(*jetstream.Source); ok {
		return &streamSource{asker: account}
	}
	return nil
}

// meet finds whom the connection asks about origins.
func (c *connection) meet(all []*connection) {
	account, ok := c.source.(*jetstream.Source)
	if c.asked = c.source; len(c.config.Origins) == 0 || !ok { // in system scope there is no such list
		return
	}
	for _, name := range c.config.Origins {
		c.named = append(c.named, find(all, name).asker)
	}
	c.asked = &originSource{Source: account, named: c.named, ways: map[pipeline.OriginKey]*ways{}}
}

// validateOrigins reports names of connections that are not configured, or cannot be asked about single streams.
func validateOrigins(connections []jetstream.Config, report func(path, problem string)) {
	for i := range connections {
		for j, name := range connections[i].Origins {
			at := fmt.Sprintf("connections[%d].origins[%d]", i, j)
			named := slices.IndexFunc(connections, func(c jetstream.Config) bool { return c.Name == name })
			switch {
			case name == "": // told already
			case named < 0:
				report(at, fmt.Sprintf("%q is no connection's name", name))
			case connections[named].SystemScope():
				report(at, fmt.Sprintf("%q is of scope system, which does not say whose stream of a name is meant; name a connection of scope account", name))
			}
		}
	}
}

// LookAtOrigin implements pipeline.OriginSource. The named connections are asked first, in their order, and the first that tells
// is the path to the origin from then on, for as long as it tells. An origin without an external prefix lives where its mirror
// does: the mirror's own path is asked first, and another stream of its name elsewhere is not taken for it. Where nobody tells,
// the fault that says most is returned. It returns within 20 s.
func (o *originSource) LookAtOrigin(ctx context.Context, key pipeline.OriginKey, exact bool) *pipeline.OriginView {
	path, well := o.known(time.Now(), key)
	order := o.order(key, path)
	var views []*pipeline.OriginView
	if well && path == order[0] || path < 0 && key.Via == "" {
		views = o.ask(ctx, key, exact, order[:1])
		if tells(views[0]) || key.Via == "" && views[0].Fault.Kind == pipeline.FaultNotFound {
			return o.choose(key, order, views)
		}
	}
	views = append(views, o.ask(ctx, key, exact, order[len(views):])...)
	return o.choose(key, order, views)
}

// known returns the path that told of an origin last, -1 for none, and whether its newest question told.
func (o *originSource) known(now time.Time, key pipeline.OriginKey) (path int, well bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Sub(o.swept) > forgetWays {
		maps.DeleteFunc(o.ways, func(_ pipeline.OriginKey, w *ways) bool { return now.Sub(w.used) > forgetWays })
		o.swept = now
	}
	w := o.ways[key]
	if w == nil {
		w = &ways{path: -1, told: map[int]time.Time{}}
		o.ways[key] = w
	}
	w.used = now
	return w.path, w.well
}

// order is in which order the paths are believed.
func (o *originSource) order(key pipeline.OriginKey, path int) []int {
	own := len(o.named)
	order := make([]int, 0, own+1)
	if key.Via == "" {
		order = append(order, own)
	}
	if path >= 0 && !slices.Contains(order, path) {
		order = append(order, path)
	}
	for path := range own + 1 {
		if !slices.Contains(order, path) {
			order = append(order, path)
		}
	}
	return order
}

// ask asks on several paths at once.
func (o *originSource) ask(ctx context.Context, key pipeline.OriginKey, exact bool, paths []int) []*pipeline.OriginView {
	views := make([]*pipeline.OriginView, len(paths))
	var all sync.WaitGroup
	for i, path := range paths {
		all.Go(func() {
			if path == len(o.named) {
				views[i] = o.Source.LookAtOrigin(ctx, key, exact)
			} else {
				views[i] = o.named[path].look(ctx, key, exact)
			}
		})
	}
	all.Wait()
	return views
}

// choose returns the view that is believed, and keeps what was learnt from all of them. They are of the order's first paths.
func (o *originSource) choose(key pipeline.OriginKey, order []int, views []*pipeline.OriginView) *pipeline.OriginView {
	o.mu.Lock()
	defer o.mu.Unlock()
	w, own, local := o.ways[key], len(o.named), key.Via == ""
	w.well = false
	best, most := -1, -1
	for i, v := range views {
		path := order[i]
		if tells(v) {
			here, known := w.told[own]
			if local && path != own && known && !here.Equal(v.Created) || !local && w.strange(path, v.Created) {
				continue // another stream of that name
			}
			w.told[path] = v.Created
		}
		_, told := w.told[path]
		n := weight(v.Fault.Kind, told || path == own)
		if local && path == own && v.Fault.Kind == pipeline.FaultNotFound {
			n = weight(pipeline.FaultNone, true) // nobody knows better
		}
		if n > most {
			best, most = i, n
		}
	}
	if tells(views[best]) {
		w.path, w.well = order[best], true
	}
	return views[best]
}

// strange tells whether a path that never told of the origin tells of another stream than each path that did.
func (w *ways) strange(path int, created time.Time) bool {
	if _, told := w.told[path]; told || len(w.told) == 0 {
		return false
	}
	for _, known := range w.told {
		if known.Equal(created) {
			return false
		}
	}
	return true
}

func tells(v *pipeline.OriginView) bool { return v.Fault.Kind == pipeline.FaultNone }

// weight is how much a view says that brought this fault. Whether its path ever told of the origin matters only where it says
// that there is none: a connection that never did may never have seen it.
func weight(kind pipeline.FaultKind, told bool) int {
	switch kind {
	case pipeline.FaultNone:
		return 8
	case pipeline.FaultNotFound:
		if told {
			return 7
		}
		return 0
	case pipeline.FaultOffline, pipeline.FaultAPI, pipeline.FaultMissing:
		return 6
	case pipeline.FaultDenied:
		return 5
	case pipeline.FaultNonsense:
		return 4
	case pipeline.FaultNoResponders:
		return 3
	case pipeline.FaultNoAnswer:
		return 2
	}
	return 1
}
