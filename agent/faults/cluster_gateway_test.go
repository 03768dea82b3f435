package faults

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// This file holds the faults between two clusters that are joined by gateways and share one JetStream. Without system credentials a
// cut and an origin's cluster that is down look the same: what is held is that one of the two is named.

func gatewayFaults() []fault {
	return []fault{
		{name: "gateway cut", topology: gateways, slow: true, limit: 10 * time.Second, run: gatewayCut},
		{name: "gateway blackholed", topology: gateways, slow: true, limit: 10 * time.Second, run: gatewayHole((*pipelinetest.SuperCluster).Blackhole)},
		{name: "gateway broken one way", topology: gateways, slow: true, limit: 10 * time.Second, run: gatewayHole((*pipelinetest.SuperCluster).BlackholeEastToWest)},
		{name: "mirror leader steps down, gateway cut", topology: gateways, slow: true, limit: 10 * time.Second, run: stepDownWhileCut},
		{name: "origin's cluster down", topology: gateways, slow: true, limit: 10 * time.Second, run: originClusterDown},
		{name: "gateway cut", topology: "gateways, system scope", slow: true, limit: 10 * time.Second, run: toldByServers(
			(*pipelinetest.SuperCluster).Cut, pipeline.CauseLinkDown)},
		{name: "gateway blackholed", topology: "gateways, system scope", slow: true, limit: 20 * time.Second, run: toldByServers(
			(*pipelinetest.SuperCluster).Blackhole, pipeline.CauseBlackhole)},
		{name: "gateway cut, origin seen by origins", topology: gateways, slow: true, limit: 10 * time.Second, run: cutWithOrigins},
	}
}

func gatewayCut(s *scene) {
	st := superOf(s, 3, 3)
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(st.super.Cut)
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseLinkDown, pipeline.CauseOriginDown)
	s.staysOpen(i, 40*time.Second)
	s.turnsTo(i, pipeline.CauseLinkDown, pipeline.CauseOriginDown)
	s.heal(st.super.Restore)
	s.resolves(i, retriesIn)
	s.also(pipeline.RuleUnobserved) // the meta leader is gone: streams cannot be listed
	s.only()
}

// gatewayHole lets the gateways' bytes vanish. Their servers find the connections stale after 39 s.
func gatewayHole(dig func(*pipelinetest.SuperCluster)) func(*scene) {
	return func(s *scene) {
		st := superOf(s, 2, 3)
		s.watch([]string{"MIRROR"}, around(st.home))
		s.inject(func() { dig(st.super) })
		i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseLinkDown, pipeline.CauseBlackhole)
		s.staysOpen(i, 50*time.Second)
		s.turnsTo(i, pipeline.CauseLinkDown, pipeline.CauseBlackhole, pipeline.CauseOriginDown)
		s.heal(st.super.Restore)
		s.resolves(i, retriesIn)
		s.only()
	}
}

// toldByServers has system credentials, and with them what the servers say of their gateways.
func toldByServers(spoil func(*pipelinetest.SuperCluster), cause pipeline.Cause) func(*scene) {
	return func(s *scene) {
		st := superOf(s, 2, 3)
		s.watch([]string{"MIRROR"}, system(st.home))
		s.inject(func() { spoil(st.super) })
		i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, cause)
		s.staysOpen(i, 30*time.Second)
		s.turnsTo(i, cause) // also when a blackholed gateway is found stale, after 39 s
		s.heal(st.super.Restore)
		s.resolves(i, retriesIn)
		s.only()
	}
}

// stepDownWhileCut wipes the server's own "last seen" for good: active is -1 from then on.
func stepDownWhileCut(s *scene) {
	st := superOf(s, 2, 3)
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(st.super.Cut)
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseLinkDown, pipeline.CauseOriginDown)
	pipelinetest.Eventually(s.t, startsIn, "west has JetStream's leader", func() bool { return led(s.t, st.mirror) })
	pipelinetest.StepDown(s.t, st.mirror, "MIRROR")
	s.staysOpen(i, 60*time.Second)
	s.turnsTo(i, pipeline.CauseLinkDown, pipeline.CauseOriginDown)
	s.heal(st.super.Restore)
	s.resolves(i, retriesIn)
	s.only()
}

// led tells whether JetStream has a leader: only it says that a stream does not exist.
func led(t testing.TB, js natsjs.JetStream) bool {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := js.Stream(ctx, "NONE")
	return errors.Is(err, natsjs.ErrStreamNotFound)
}

func originClusterDown(s *scene) {
	st := superOf(s, 3, 4)
	s.watch([]string{"MIRROR"}, around(st.home))
	s.inject(func() {
		for n := range st.super.East.Servers {
			st.super.East.StopServer(n)
		}
	})
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+8*time.Second, pipeline.CauseLinkDown, pipeline.CauseOriginDown)
	s.staysOpen(i, 30*time.Second)
	s.turnsTo(i, pipeline.CauseLinkDown, pipeline.CauseOriginDown)
	s.heal(func() { begin(s.t, st.super.East.Servers...) })
	s.resolves(i, retriesIn)
	s.only()
}

// cutWithOrigins has a connection of its own to the origin's cluster: what is at risk is counted while the gateway is cut.
func cutWithOrigins(s *scene) {
	st := superOf(s, 3, 3)
	west, east := around(st.home), jetstream.Config{Name: "east", URL: jetstream.URLs(st.super.East.URL())}
	west.Origins, east.Streams.Exclude = []string{"east"}, []string{"*"}
	s.watch([]string{"MIRROR"}, west, east)
	s.inject(st.super.Cut)
	pipelinetest.Publish(s.t, st.origin, "orders.new", 100)
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseLinkDown)
	s.counts("MIRROR", 100)
	pipelinetest.Publish(s.t, st.origin, "orders.new", 50)
	s.counts("MIRROR", 150)
	s.turnsTo(i, pipeline.CauseLinkDown)
	s.heal(st.super.Restore)
	s.resolves(i, retriesIn)
	s.counts("MIRROR", 0)
	s.also(pipeline.RuleUnobserved)
	s.only()
}

// counts waits until the agent tells that exactly so many messages are at risk.
func (s *scene) counts(stream string, messages uint64) {
	s.t.Helper()
	want := pipeline.FailoverBehind
	if messages == 0 {
		want = pipeline.FailoverReady
	}
	pipelinetest.Eventually(s.t, 30*time.Second, fmt.Sprintf("%d messages are at risk on %s", messages, stream), func() bool {
		links := linksOf(s.t, s.api, stream)
		return len(links) == 1 && exactly(&links[0], want, messages)
	})
}

func exactly(l *agent.LinkState, want pipeline.Failover, messages uint64) bool {
	return l.Failover == want && !l.AtLeast && l.AtRisk != nil && *l.AtRisk == messages
}
