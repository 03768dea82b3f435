package pipelinetest

import (
	"slices"
	"testing"
	"time"
)

// SuperOptions say what a super-cluster is; East and West are called so unless they are named.
type SuperOptions struct {
	East, West ClusterOptions
}

// SuperCluster is two clusters that are joined by gateways over breakable links, which all traffic between the two takes.
// They run one JetStream together: a stream lives in the cluster of its placement, by default in that of the client which
// creates it. While they are apart, neither has more than half of the servers, and so neither a meta leader.
type SuperCluster struct {
	East, West *Cluster
	ToEast     Links // to the gateway listeners of East: West's servers dial them
	ToWest     Links
}

// StartSuperCluster runs two clusters until the test ends, and returns when each server is joined to the other cluster
// and JetStream is ready.
func StartSuperCluster(t testing.TB, o SuperOptions) *SuperCluster {
	t.Helper()
	if o.East.Name == "" {
		o.East.Name = "east"
	}
	if o.West.Name == "" {
		o.West.Name = "west"
	}
	sc := &SuperCluster{East: newCluster(t, o.East), West: newCluster(t, o.West)}
	all := slices.Concat(sc.East.Servers, sc.West.Servers)
	sc.East.meta, sc.West.meta = all, all
	sc.ToEast, sc.ToWest = sc.East.openGateways(t), sc.West.openGateways(t)
	sc.East.dialGateways(sc.West.Name, sc.ToWest)
	sc.West.dialGateways(sc.East.Name, sc.ToEast)
	run(t, all)
	Eventually(t, startTimeout, "the gateways connect", sc.Joined)
	sc.East.WaitForLeader(t)
	return sc
}

// openGateways gives each server a gateway listener behind a link. Others are told of the link only.
func (c *Cluster) openGateways(t testing.TB) Links {
	t.Helper()
	ports := freePorts(t, len(c.Servers))
	var targets []string
	for _, port := range ports {
		targets = append(targets, loopback(port))
	}
	links := StartLinks(t, targets...)
	for i, s := range c.Servers {
		s.plan.Member.GatewayPort, s.plan.Member.Advertise = ports[i], links[i].Addr()
	}
	return links
}

func (c *Cluster) dialGateways(to string, links Links) {
	for _, s := range c.Servers {
		s.plan.Member.Gateways = map[string][]string{to: links.Addrs()}
	}
}

// Joined tells whether every server that answers has a connection of its own to one of the other cluster's servers.
func (sc *SuperCluster) Joined() bool {
	return !slices.ContainsFunc(sc.East.meta, func(s *Server) bool {
		out, _ := s.gateways()
		return s.Answers() && out == 0
	})
}

// Apart tells whether no server that answers has a connection to the other cluster.
func (sc *SuperCluster) Apart() bool {
	return !slices.ContainsFunc(sc.East.meta, func(s *Server) bool {
		out, in := s.gateways()
		return s.Answers() && (out > 0 || in > 0)
	})
}

// Links are all links between the two clusters.
func (sc *SuperCluster) Links() Links { return slices.Concat(sc.ToEast, sc.ToWest) }

// Cut cuts all links between the clusters.
func (sc *SuperCluster) Cut() { sc.Links().Cut() }

// Blackhole lets nothing pass between the clusters; their connections stay.
func (sc *SuperCluster) Blackhole() { sc.Links().Blackhole() }

// BlackholeEastToWest lets nothing pass from East to West; what West sends arrives.
func (sc *SuperCluster) BlackholeEastToWest() {
	sc.ToWest.BlackholeToTarget()
	sc.ToEast.BlackholeFromTarget()
}

// BlackholeWestToEast lets nothing pass from West to East; what East sends arrives.
func (sc *SuperCluster) BlackholeWestToEast() {
	sc.ToEast.BlackholeToTarget()
	sc.ToWest.BlackholeFromTarget()
}

// Delay lets every byte between the clusters arrive d late, in each direction.
func (sc *SuperCluster) Delay(d time.Duration) { sc.Links().Delay(d) }

// Restore makes all links between the clusters whole.
func (sc *SuperCluster) Restore() { sc.Links().Restore() }
