package faults

import (
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline/pipelinetest"
)

// This file holds the faults of servers that go without a word. They are processes of their own.

func frozenFaults() []fault {
	return []fault{
		{name: "origin leader killed", topology: oneCluster, limit: time.Minute, slow: true, run: originLeader((*pipelinetest.Server).Kill)},
		{name: "origin leader frozen", topology: oneCluster, limit: time.Minute, slow: true, run: originLeader((*pipelinetest.Server).Freeze)},
		{name: "mirror leader frozen", topology: oneCluster, limit: 30 * time.Second, slow: true, run: mirrorLeaderFrozen},
		{name: "agent's own server frozen", topology: oneCluster, limit: 30 * time.Second, slow: true, run: ownServerFrozen},
	}
}

// originLeader takes the origin's leader away. Servers mend that by themselves within 10 to 50 s.
func originLeader(take func(*pipelinetest.Server, testing.TB)) func(*scene) {
	return func(s *scene) {
		st := clusterOf(s, pipelinetest.ClusterOptions{Child: true})
		leader, _ := st.leaders(s)
		s.watch([]string{"MIRROR"}, around(st.home, leader))
		s.inject(func() { take(leader, s.t) })
		s.quiet(70 * time.Second)
		s.wellWithin("MIRROR", patience)
	}
}

// mirrorLeaderFrozen has a new leader within seconds, which begins to count anew: the link is silent for about 10 s.
func mirrorLeaderFrozen(s *scene) {
	st := clusterOf(s, pipelinetest.ClusterOptions{Child: true})
	_, leader := st.leaders(s)
	s.watch([]string{"MIRROR"}, around(st.home, leader))
	s.inject(func() { leader.Freeze(s.t) })
	s.quiet(s.limit + 5*time.Second)
	s.wellWithin("MIRROR", patience)
	leader.Thaw(s.t)
	s.quiet(10 * time.Second)
	s.wellWithin("MIRROR", patience)
}

// ownServerFrozen leaves the agent on a connection that stands and answers nothing: it has to go elsewhere by itself.
func ownServerFrozen(s *scene) {
	st := clusterOf(s, pipelinetest.ClusterOptions{Child: true})
	origin, mirror := st.leaders(s)
	at := slices.IndexFunc(st.home.Servers, func(x *pipelinetest.Server) bool { return x != origin && x != mirror })
	s.watch([]string{"MIRROR"}, around(st.home, origin, mirror))
	s.inject(func() { st.home.Servers[at].Freeze(s.t) })
	s.quiet(s.limit + 15*time.Second)
	s.wellWithin("MIRROR", patience)
}
