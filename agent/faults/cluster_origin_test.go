package faults

import (
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// This file holds the faults of an origin in the mirror's own cluster. There a mirror's server error stays empty.

func originFaults() []fault {
	return []fault{
		{name: "origin deleted, clustered", topology: oneCluster, limit: 10 * time.Second, run: clusteredDeleted},
		{name: "origin recreated, clustered", topology: oneCluster, limit: 30 * time.Second, run: clusteredRecreated},
		{name: "one of two origins deleted", topology: oneCluster, limit: 10 * time.Second, slow: true, run: oneOfTwoDeleted},
		{name: "origin leader steps down", topology: oneCluster, limit: 10 * time.Second, run: originStepsDown},
	}
}

func clusteredDeleted(s *scene) {
	st := clusterOf(s, pipelinetest.ClusterOptions{})
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(func() { pipelinetest.DeleteStream(s.t, st.origin, "ORDERS") })
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseDeleted)
	s.staysOpen(i, 5*time.Second)
	s.only()
}

// clusteredRecreated leaves a mirror that is healthy on every signal of its own, and copies nothing.
func clusteredRecreated(s *scene) {
	st := clusterOf(s, pipelinetest.ClusterOptions{})
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(func() {
		pipelinetest.RecreateStream(s.t, st.origin, "ORDERS")
		feed(s.t, st.origin, "orders.new", 3)
	})
	i := s.opens(pipeline.RuleDiverged, "MIRROR", 30*time.Second, pipeline.CauseRecreated)
	s.staysOpen(i, 10*time.Second)
	s.only()
}

func oneOfTwoDeleted(s *scene) {
	c := pipelinetest.StartCluster(s.t, pipelinetest.ClusterOptions{})
	js := c.JetStream(s.t)
	pipelinetest.CreateStream(s.t, js, natsjs.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Replicas: 3})
	pipelinetest.CreateStream(s.t, js, natsjs.StreamConfig{Name: "BILLS", Subjects: []string{"bills.>"}, Replicas: 3})
	pipelinetest.CreateStream(s.t, js, natsjs.StreamConfig{
		Name: "ALL", Replicas: 3, Metadata: s.limits(), Sources: []*natsjs.StreamSource{{Name: "ORDERS"}, {Name: "BILLS"}},
	})
	feed(s.t, js, "orders.new", 10)
	feed(s.t, js, "bills.new", 10)
	s.watch([]string{"ALL"}, around(c))
	s.inject(func() { pipelinetest.DeleteStream(s.t, js, "ORDERS") })
	i := s.opens(pipeline.RuleSeen, "ALL", s.limit+2*time.Second, pipeline.CauseDeleted)
	if i.Subject.Origin != "ORDERS" || i.Subject.Kind != pipeline.KindSource {
		s.t.Errorf("opened on %s", i.Subject)
	}
	s.staysOpen(i, 20*time.Second)
	s.only()
}

func originStepsDown(s *scene) {
	st := clusterOf(s, pipelinetest.ClusterOptions{})
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(func() { pipelinetest.StepDown(s.t, st.origin, "ORDERS") })
	s.quiet(20 * time.Second)
	s.wellWithin("MIRROR", startsIn)
}
