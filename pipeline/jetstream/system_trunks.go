package jetstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// gatewayz, leafz and varz are what is read of the answers of those names.
type gatewayz struct {
	Name     string `json:"name"` // of the server's cluster; empty: it has no gateway
	Outbound map[string]struct {
		Connection *connz `json:"connection"`
	} `json:"outbound_gateways"`
	Inbound map[string][]struct {
		Connection *connz `json:"connection"`
	} `json:"inbound_gateways"`
}

type leafz struct {
	Leafs []struct {
		ID      uint64 `json:"id"`
		Name    string `json:"name"`
		Account string `json:"account"`
		IP      string `json:"ip"`
		RTT     string `json:"rtt"`
		In      int64  `json:"in_msgs"`
		Out     int64  `json:"out_msgs"`
	} `json:"leafs"`
}

type varz struct {
	Gateway struct {
		Name     string `json:"name"`
		Gateways []struct {
			Name string `json:"name"`
		} `json:"gateways"`
	} `json:"gateway"`
}

type connz struct {
	ID    uint64    `json:"cid"`
	Start time.Time `json:"start"`
	RTT   string    `json:"rtt"`
	In    int64     `json:"in_msgs"`
	Out   int64     `json:"out_msgs"`
}

// Trunks implements pipeline.RouteSource: the gateways and leafnode connections of every server that answers. One that was
// configured, or seen before, and is not there is told as down.
func (s *System) Trunks(ctx context.Context) ([]pipeline.Trunk, error) {
	now := time.Now()
	seen := &sighting{ways: &s.ways, now: now, account: s.streams.accountName, present: map[string]map[wayKey]*way{}}
	var failed [3]error
	var silent map[string]bool
	var all sync.WaitGroup
	all.Go(func() {
		failed[0] = s.refusals.ask(s.log, now, "PING.LEAFZ", func() (err error) {
			silent, err = gather(ctx, s, plain[leafz]("LEAFZ", struct{}{}), func(one *said[leafz]) any { seen.leafnodes(one); return nil })
			return err
		})
	})
	all.Go(func() {
		failed[1] = s.refusals.ask(s.log, now, "PING.GATEWAYZ", func() error {
			_, err := gather(ctx, s, plain[gatewayz]("GATEWAYZ", struct{}{}), func(one *said[gatewayz]) any { seen.gateways(one); return nil })
			return err
		})
	})
	if s.ways.unasked(s.members.ids()) {
		all.Go(func() {
			failed[2] = s.refusals.ask(s.log, now, "PING.VARZ", func() error {
				_, err := gather(ctx, s, plain[varz]("VARZ", struct{}{}), func(one *said[varz]) any { s.ways.configure(one); return nil })
				return err
			})
		})
	}
	all.Wait()
	if err := errors.Join(failed[0], failed[1]); failed[0] != nil && failed[1] != nil {
		return nil, fmt.Errorf("ask for gateways and leafnodes: %w", err)
	}
	routes := seen.merge(s.config.Name, &s.events)
	if len(silent) > 0 {
		names := strings.Join(slices.Sorted(maps.Keys(silent)), ", ")
		return routes, fmt.Errorf("ask for gateways and leafnodes: %w from %s", pipeline.ErrNoAnswer, names)
	}
	return routes, failed[2]
}

// ids are the servers that answer, each with the id of its process.
func (m *members) ids() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := map[string]string{}
	for name, x := range m.all {
		if x.silent.IsZero() {
			ids[name] = x.server.ID
		}
	}
	return ids
}

// sighting is what servers tell of their gateways and leafnodes at one time.
type sighting struct {
	ways    *ways
	now     time.Time
	account func(id string) string

	mu      sync.Mutex
	present map[string]map[wayKey]*way // by server; each is there once for each answer of its own
	left    map[string]bool            // servers that told of their leafnodes
	gated   map[string]gate            // servers that told of their gateways
}

// gate is a server that told of its gateways.
type gate struct{ server, cluster string }

func (s *sighting) leafnodes(one *said[leafz]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		s.left = map[string]bool{}
	}
	s.left[one.Server.id()] = true
	for _, l := range one.Data.Leafs {
		s.add(wayKey{kind: pipeline.TrunkLeafnode, server: one.Server.id(), remote: l.Name, account: l.Account}, &way{
			id: l.ID, host: l.IP, route: pipeline.Trunk{
				Server: one.Server.Name, Cluster: one.Server.Cluster, Account: s.account(l.Account),
				RTT: parseRTT(l.RTT), Received: uint64(max(l.In, 0)), Sent: uint64(max(l.Out, 0)),
			},
		})
	}
}

func (s *sighting) gateways(one *said[gatewayz]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gated == nil {
		s.gated = map[string]gate{}
	}
	s.gated[one.Server.id()] = gate{one.Server.Name, one.Data.Name}
	add := func(remote string, outbound bool, c *connz) {
		if c == nil {
			return
		}
		key := wayKey{kind: pipeline.TrunkGateway, server: one.Server.id(), remote: remote, outbound: outbound}
		if !outbound {
			key.id = c.ID
		}
		s.add(key, &way{id: c.ID, route: pipeline.Trunk{
			Server: one.Server.Name, Cluster: one.Data.Name, Since: c.Start,
			RTT: parseRTT(c.RTT), Received: uint64(max(c.In, 0)), Sent: uint64(max(c.Out, 0)),
		}})
	}
	for remote, gateway := range one.Data.Outbound {
		add(remote, true, gateway.Connection)
	}
	for remote, gateways := range one.Data.Inbound {
		for _, gateway := range gateways {
			add(remote, false, gateway.Connection)
		}
	}
}

// add notes a way that is up. The lock is held.
func (s *sighting) add(key wayKey, w *way) {
	if s.present[key.server] == nil {
		s.present[key.server] = map[wayKey]*way{}
	}
	w.route.Up = true
	s.present[key.server][key] = w
}

func parseRTT(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return max(d, 0)
}
