package pipelinetest

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// leaderTimeout is how long a cluster may take to have a leader whom all follow: an election after a server that went
// without a word takes up to 9 s.
const leaderTimeout = 40 * time.Second

// WaitForLeader waits until JetStream has a meta leader, all servers that run, but for frozen ones, agree on it, and
// are current with it.
func (c *Cluster) WaitForLeader(t testing.TB) {
	t.Helper()
	Eventually(t, leaderTimeout, "JetStream of "+c.Name+" has a leader whom all servers follow", func() bool {
		return c.settled()
	})
}

// MetaLeader returns the server that leads JetStream, or nil while those that answer do not agree on one.
func (c *Cluster) MetaLeader() *Server {
	leader := ""
	for _, s := range c.meta {
		if !s.Answers() {
			continue
		}
		meta := s.metaGroup()
		if meta == nil || meta.Leader == "" || leader != "" && meta.Leader != leader {
			return nil
		}
		leader = meta.Leader
	}
	return c.Server(leader)
}

func (c *Cluster) settled() bool {
	leader := c.MetaLeader()
	if leader == nil {
		return false
	}
	meta := leader.metaGroup()
	if meta == nil {
		return false
	}
	var placeable []string // those on which the leader puts streams; nil: cannot be known
	if embedded := leader.NATS(); embedded != nil {
		placeable = embedded.JetStreamClusterPeers()
	}
	for _, s := range c.meta {
		if !s.Answers() {
			continue
		}
		if leader.NATS() != nil && !slices.Contains(placeable, s.Name()) {
			return false
		}
		if s == leader {
			continue
		}
		current := func(p *server.PeerInfo) bool { return p.Name == s.Name() && p.Current && !p.Offline }
		if !slices.ContainsFunc(meta.Replicas, current) {
			return false
		}
	}
	return true
}

// metaGroup is what the server knows of JetStream's meta group; only its leader knows the others' state. It is nil where
// the server does not answer.
func (s *Server) metaGroup() *server.MetaClusterInfo {
	var info server.JSInfo
	if err := s.monitor("JSZ", &info); err != nil {
		return nil
	}
	return info.Meta
}
