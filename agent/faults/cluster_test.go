package faults

import (
	"context"
	"slices"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

const (
	oneCluster = "cluster"
	gateways   = "gateways"
)

// retriesIn is how long a server may take to make its consumer anew once a gateway is whole again: 61 to 75 s were measured,
// its code allows 150 s.
const retriesIn = 160 * time.Second

// clusterFaults returns the faults of clusters. They take turns: more than one cluster at a time is too much for small machines.
func clusterFaults() []fault {
	all := slices.Concat(gatewayFaults(), originFaults(), memberFaults(), frozenFaults(), systemFaults())
	turn := make(chan struct{}, 1)
	for n := range all {
		run := all[n].run
		all[n].run = func(s *scene) {
			turn <- struct{}{}
			s.t.Cleanup(func() { <-turn })
			s.t.Cleanup(func() { s.t.Log(tell(s.ledger.all())) })
			run(s)
		}
	}
	return all
}

// stage is where the stream ORDERS and its mirror MIRROR live: one cluster, or one each.
type stage struct {
	super          *pipelinetest.SuperCluster // nil: one cluster
	home           *pipelinetest.Cluster      // of the mirror
	origin, mirror natsjs.JetStream
}

// clusterOf builds a cluster with both streams in three copies, unless the shapes say otherwise. It watches nothing yet.
func clusterOf(s *scene, o pipelinetest.ClusterOptions, shape ...func(origin, mirror *natsjs.StreamConfig)) *stage {
	s.t.Helper()
	c := pipelinetest.StartCluster(s.t, o)
	st := &stage{home: c, origin: c.JetStream(s.t), mirror: c.JetStream(s.t)}
	st.create(s, 3, shape)
	return st
}

// superOf builds two clusters of so many servers, two at least, ORDERS in east and MIRROR in west. Where west has more than half of
// the servers, it keeps JetStream's meta leader when the two are apart. It watches nothing yet.
func superOf(s *scene, east, west int) *stage {
	s.t.Helper()
	sc := pipelinetest.StartSuperCluster(s.t, pipelinetest.SuperOptions{
		East: pipelinetest.ClusterOptions{Servers: east}, West: pipelinetest.ClusterOptions{Servers: west},
	})
	st := &stage{super: sc, home: sc.West, origin: sc.East.JetStream(s.t), mirror: sc.West.JetStream(s.t)}
	copies := 3
	if east < copies {
		copies = 1
	}
	st.create(s, copies, []func(origin, mirror *natsjs.StreamConfig){func(origin, mirror *natsjs.StreamConfig) {
		origin.Placement = &natsjs.Placement{Cluster: sc.East.Name}
		mirror.Placement = &natsjs.Placement{Cluster: sc.West.Name}
	}})
	return st
}

func (st *stage) create(s *scene, copies int, shape []func(origin, mirror *natsjs.StreamConfig)) {
	s.t.Helper()
	origin := natsjs.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Replicas: copies}
	mirror := natsjs.StreamConfig{Name: "MIRROR", Replicas: 3, Metadata: s.limits(), Mirror: &natsjs.StreamSource{Name: "ORDERS"}}
	for _, f := range shape {
		f(&origin, &mirror)
	}
	pipelinetest.CreateStream(s.t, st.origin, origin)
	feed(s.t, st.origin, "orders.new", 20)
	pipelinetest.CreateStream(s.t, st.mirror, mirror)
	st.copied(s, 20)
}

// feed publishes n messages at least to a stream that was created a moment ago, and may not listen yet.
func feed(t testing.TB, js natsjs.JetStream, subject string, n int) {
	t.Helper()
	pipelinetest.Eventually(t, startsIn, "a stream takes "+subject, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := js.Publish(ctx, subject, nil)
		return err == nil
	})
	pipelinetest.Publish(t, js, subject, n-1)
}

// copied waits until the mirror has all of so many messages.
func (st *stage) copied(s *scene, last uint64) {
	s.t.Helper()
	pipelinetest.Eventually(s.t, startsIn, "the mirror copies", func() bool {
		info := pipelinetest.LookAt(s.t, st.mirror, "MIRROR")
		return info != nil && info.State.LastSeq >= last
	})
}

// leaders returns the servers that lead the origin and the mirror. They are two.
func (st *stage) leaders(s *scene) (origin, mirror *pipelinetest.Server) {
	s.t.Helper()
	for {
		origin, mirror = st.home.LeaderOf(s.t, st.origin, "ORDERS"), st.home.LeaderOf(s.t, st.mirror, "MIRROR")
		if origin != nil && mirror != nil && origin != mirror {
			return origin, mirror
		}
		pipelinetest.StepDown(s.t, st.mirror, "MIRROR")
	}
}

// around is the way into a cluster that leads round some of its servers.
func around(c *pipelinetest.Cluster, others ...*pipelinetest.Server) jetstream.Config {
	var urls string
	for _, server := range c.Servers {
		if slices.Contains(others, server) {
			continue
		}
		if urls != "" {
			urls += ","
		}
		urls += server.URL()
	}
	return jetstream.Config{Name: "dr", URL: jetstream.URLs(urls), Streams: jetstream.Streams{Include: []string{"MIRROR", "ALL"}}}
}

// begin starts servers again that were stopped.
func begin(t testing.TB, servers ...*pipelinetest.Server) {
	t.Helper()
	for _, server := range servers {
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	}
}

// end stops servers as an operator would.
func end(servers ...*pipelinetest.Server) {
	for _, server := range servers {
		server.Stop()
	}
}

// turnsTo holds that an open incident names one of the causes in the end, when the fault has lasted for a while.
func (s *scene) turnsTo(i pipeline.Incident, causes ...pipeline.Cause) {
	s.t.Helper()
	for _, c := range s.ledger.all() {
		if c.Incident.ID == i.ID {
			i = c.Incident
		}
	}
	if !slices.Contains(causes, i.Cause) {
		s.t.Errorf("%s: the cause turned to %q (%s), want one of %q; evidence: %q", i.Rule, i.Cause, i.Sure, causes, i.Because)
	}
}

// wellWithin waits until each link of a stream has a proof younger than 8 s.
func (s *scene) wellWithin(stream string, within time.Duration) {
	s.t.Helper()
	pipelinetest.Eventually(s.t, within, stream+" is proven again", func() bool {
		links := linksOf(s.t, s.api, stream)
		return len(links) > 0 && !slices.ContainsFunc(links, func(l agent.LinkState) bool { return l.Proof == nil || time.Since(*l.Proof) > 8*time.Second })
	})
}
