package faults

import (
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// This file holds the faults of the group of servers that holds a mirror.

func memberFaults() []fault {
	return []fault{
		{name: "mirror leader steps down", topology: oneCluster, limit: 10 * time.Second, run: mirrorStepsDown},
		{name: "mirror loses quorum", topology: "cluster of five", limit: 10 * time.Second, slow: true, run: quorumLost},
		{name: "all of the mirror's peers stopped", topology: "cluster of five", limit: 30 * time.Second, run: mirrorOffline},
		{name: "mirror's cluster down", topology: oneCluster, limit: 10 * time.Second, run: wholeClusterDown},
		{name: "a peer stopped, mirror leader steps down", topology: oneCluster, limit: time.Minute, run: peerStopped},
		{name: "mirror leader stopped", topology: oneCluster, limit: time.Minute, slow: true, run: mirrorLeaderStopped},
	}
}

func mirrorStepsDown(s *scene) {
	st := clusterOf(s, pipelinetest.ClusterOptions{})
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(func() { pipelinetest.StepDown(s.t, st.mirror, "MIRROR") })
	s.quiet(20 * time.Second)
	s.wellWithin("MIRROR", startsIn)
}

// apartOf is a cluster of five, two servers of which hold the origin and the three others the mirror, so that JetStream itself
// outlives what befalls either.
func apartOf(s *scene, copies int) *stage {
	s.t.Helper()
	side := func(o *server.Options) {
		o.Tags = []string{"mirror"}
		if o.ServerName == "cluster-1" || o.ServerName == "cluster-2" {
			o.Tags = []string{"origin"}
		}
	}
	return clusterOf(s, pipelinetest.ClusterOptions{Servers: 5, Configure: side}, func(origin, mirror *natsjs.StreamConfig) {
		origin.Replicas, origin.Placement = 1, &natsjs.Placement{Tags: []string{"origin"}}
		mirror.Replicas, mirror.Placement = copies, &natsjs.Placement{Tags: []string{"mirror"}}
	})
}

func quorumLost(s *scene) {
	st := apartOf(s, 3)
	s.watch([]string{"MIRROR"}, around(st.home))
	away := st.home.FollowersOf(s.t, st.mirror, "MIRROR")
	s.inject(func() { end(away...) })
	i := s.opens(pipeline.RuleSeen, "MIRROR", 40*time.Second, pipeline.CauseLeaderless)
	j := s.opens(pipeline.RuleLeaderless, "MIRROR", 50*time.Second, pipeline.CauseLeaderless)
	s.staysOpen(i, 5*time.Second)
	s.heal(func() { begin(s.t, away...) })
	s.resolves(j, 40*time.Second)
	s.resolves(i, 40*time.Second)
	s.only()
}

func mirrorOffline(s *scene) {
	st := apartOf(s, 1)
	s.watch([]string{"MIRROR"}, around(st.home))
	away := st.home.LeaderOf(s.t, st.mirror, "MIRROR")
	s.inject(func() { end(away) })
	i := s.opens(pipeline.RuleLeaderless, "MIRROR", 20*time.Second, pipeline.CauseLeaderless)
	s.staysOpen(i, 5*time.Second)
	s.heal(func() { begin(s.t, away) })
	s.resolves(i, 40*time.Second)
	s.also(pipeline.RuleSeen)
	s.only()
}

func wholeClusterDown(s *scene) {
	st := clusterOf(s, pipelinetest.ClusterOptions{})
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(func() { end(st.home.Servers...) })
	i := s.opens(pipeline.RuleUnobserved, "", s.limit+2*time.Second, pipeline.CauseRoute)
	s.staysOpen(i, 5*time.Second)
	s.heal(func() { begin(s.t, st.home.Servers...) })
	s.resolves(i, 90*time.Second)
	s.also(pipeline.RuleSeen, pipeline.RuleLeaderless)
	s.only()
}

// groupOf is a cluster whose mirror has limits on its peers.
func groupOf(s *scene) *stage {
	s.t.Helper()
	return clusterOf(s, pipelinetest.ClusterOptions{}, func(_, mirror *natsjs.StreamConfig) {
		mirror.Metadata[pipeline.MetadataPrefix+"peer-expect"] = "3"
		mirror.Metadata[pipeline.MetadataPrefix+"peer-seen-critical"] = "10s"
	})
}

// peerStopped has a new leader while a peer is away. Of a peer that it never heard of a leader says that it was active 0 ns ago.
func peerStopped(s *scene) {
	st := groupOf(s)
	origin, leader := st.leaders(s)
	s.watch([]string{"MIRROR"}, around(st.home))
	at := slices.IndexFunc(st.home.Servers, func(x *pipelinetest.Server) bool { return x != origin && x != leader })
	away := st.home.Servers[at]
	s.inject(func() { end(away) })
	i := s.opens(pipeline.RulePeers, "MIRROR", 20*time.Second)
	pipelinetest.StepDown(s.t, st.mirror, "MIRROR")
	s.staysOpen(i, 8*time.Second)
	s.heal(func() { begin(s.t, away) })
	s.resolves(i, 30*time.Second)
	s.only()
}

// mirrorLeaderStopped takes the leader itself: no other one ever heard of it.
func mirrorLeaderStopped(s *scene) {
	st := groupOf(s)
	_, away := st.leaders(s)
	s.watch([]string{"MIRROR"}, around(st.home, away))
	s.inject(func() { end(away) })
	i := s.opens(pipeline.RulePeers, "MIRROR", 25*time.Second)
	s.staysOpen(i, 5*time.Second)
	s.heal(func() { begin(s.t, away) })
	s.resolves(i, 30*time.Second)
	s.only()
}
