package jetstream

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// How long ways that are down are told of.
const (
	leafDownFor   = time.Hour
	leafRefusedAt = 10 * time.Minute
)

// ways are the gateways and leafnode connections that are known.
type ways struct {
	mu         sync.Mutex
	all        map[wayKey]*way
	configured map[string][]string // remote clusters by server
	processes  map[string]string   // ids of the servers that told of their configuration
}

// wayKey is a way's identity.
type wayKey struct {
	kind     pipeline.TrunkKind
	server   string
	remote   string
	account  string // its id
	outbound bool
	id       uint64 // inbound gateways: their connection's
}

// way is what is known of one.
type way struct {
	id    uint64 // of the newest connection
	host  string // at its other end
	route pipeline.Trunk
}

// unasked tells whether there are servers that did not tell of their configuration.
func (w *ways) unasked(ids map[string]string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !maps.Equal(w.processes, ids)
}

// configure notes which gateways a server is configured to have.
func (w *ways) configure(one *said[varz]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.configured == nil {
		w.configured, w.processes = map[string][]string{}, map[string]string{}
	}
	w.processes[one.Server.id()] = one.Server.ID
	var remotes []string
	for _, g := range one.Data.Gateway.Gateways {
		if g.Name != one.Data.Gateway.Name { // a cluster's list may name itself
			remotes = append(remotes, g.Name)
		}
	}
	w.configured[one.Server.id()] = remotes
}

// merge brings what was known up to date with what was seen, and returns the ways of the servers that answered, in order.
func (s *sighting) merge(connection string, e *events) []pipeline.Trunk {
	w := s.ways
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[wayKey]*way{}
	}
	for server, gate := range s.gated {
		for _, remote := range w.configured[server] {
			key := wayKey{kind: pipeline.TrunkGateway, server: server, remote: remote, outbound: true}
			if w.all[key] == nil && s.present[server][key] == nil {
				w.all[key] = &way{route: pipeline.Trunk{Server: gate.server, Cluster: gate.cluster, Since: s.now, Detail: "no outbound connection since it was seen first"}}
			}
		}
	}
	for key, old := range w.all {
		if s.told(key) && s.present[key.server][key] == nil && !s.down(key, old, e) {
			delete(w.all, key)
		}
	}
	up := map[[2]string]bool{} // leafnodes that are connected somewhere
	for _, present := range s.present {
		for key, now := range present {
			s.carryOn(w.all[key], now)
			w.all[key] = now
			if key.kind == pipeline.TrunkLeafnode {
				up[[2]string{key.remote, key.account}] = true
			}
		}
	}
	routes := []pipeline.Trunk{}
	refusals := e.refusals(s.now.Add(-leafRefusedAt))
	for key, x := range w.all {
		moved := key.kind == pipeline.TrunkLeafnode && !x.route.Up && up[[2]string{key.remote, key.account}]
		if !s.told(key) || moved {
			continue
		}
		r := x.route
		r.Connection, r.Kind, r.Remote, r.Outbound = connection, key.kind, key.remote, key.outbound
		if b, ok := refusals[[2]string{key.server, x.host}]; ok && !r.Up {
			r.Detail = join(r.Detail, "then refused: "+b.Reason)
			delete(refusals, [2]string{key.server, x.host})
		}
		routes = append(routes, r)
	}
	for _, b := range refusals {
		if b.Client.Account == "N/A" { // it was refused before it had one
			b.Client.Account = ""
		}
		routes = append(routes, pipeline.Trunk{
			Connection: connection, Kind: pipeline.TrunkLeafnode, Server: b.Server.Name, Cluster: b.Server.Cluster,
			Remote: cmp.Or(b.Client.Name, b.Client.Host), Account: s.account(b.Client.Account), Since: b.Time, Detail: b.Reason,
		})
	}
	slices.SortFunc(routes, func(a, b pipeline.Trunk) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Remote, b.Remote),
			cmp.Compare(a.Account, b.Account), a.Since.Compare(b.Since))
	})
	return routes
}

// told tells whether the way's server told of its ways.
func (s *sighting) told(key wayKey) bool {
	if key.kind == pipeline.TrunkLeafnode {
		return s.left[key.server]
	}
	_, ok := s.gated[key.server]
	return ok
}

// goneDetail is of a way that is down, for as long as no server said why.
const goneDetail = "the connection has gone"

// down notes that a way is not there any more. It is false for one that is not worth telling of.
func (s *sighting) down(key wayKey, w *way, e *events) bool {
	if key.kind == pipeline.TrunkGateway && !key.outbound {
		return false // the other cluster's servers tell of theirs
	}
	if w.route.Up {
		w.route.Up, w.route.Since, w.route.RTT = false, s.now, 0
		w.route.Detail = goneDetail
	}
	if w.route.Detail == goneDetail { // the event that says why may come after the answer that misses the way
		if end, ok := e.end(key.server, w.id); ok {
			w.route.Since, w.route.Detail = end.Time, end.Reason
		}
	}
	return key.kind == pipeline.TrunkGateway || s.now.Sub(w.route.Since) < leafDownFor
}

// carryOn dates what is seen now by what was known.
func (s *sighting) carryOn(old, now *way) {
	r := &now.route
	if old == nil {
		return
	}
	r.Moved = old.route.Moved
	if again := old.id != now.id; again && r.Received > 0 || !again && r.Received > old.route.Received {
		r.Moved = s.now
	}
	switch {
	case !r.Since.IsZero():
	case old.route.Up && old.id == now.id:
		r.Since = old.route.Since
	default:
		r.Since = s.now
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
