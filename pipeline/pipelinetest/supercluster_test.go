package pipelinetest_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestAllTrafficBetweenTwoClustersTakesTheLinks(t *testing.T) {
	t.Parallel()
	started := time.Now()
	sc := pipelinetest.StartSuperCluster(t, pipelinetest.SuperOptions{})
	t.Logf("two clusters of three start in %s", time.Since(started))
	if n := sc.Links().Connections(); n != 6 {
		t.Errorf("%d connections over the links, want one for each server", n)
	}
	east, west := sc.East.JetStream(t), sc.West.JetStream(t)
	pipelinetest.CreateStream(t, east, jetstream.StreamConfig{
		Name: "ORDERS", Subjects: []string{"orders.>"}, Replicas: 3, Placement: &jetstream.Placement{Cluster: "east"},
	})
	pipelinetest.CreateStream(t, west, jetstream.StreamConfig{
		Name: "M", Mirror: &jetstream.StreamSource{Name: "ORDERS"}, Placement: &jetstream.Placement{Cluster: "west"},
	})
	last := uint64(0)
	copies := func(what string) {
		t.Helper()
		pipelinetest.Publish(t, east, "orders.new", 5)
		last += 5
		pipelinetest.Eventually(t, 15*time.Second, what, func() bool {
			info := pipelinetest.LookAt(t, west, "M")
			return info != nil && info.State.LastSeq >= last
		})
	}
	silent := func() {
		t.Helper()
		pipelinetest.Eventually(t, 10*time.Second, "the mirror misses its heartbeats", func() bool {
			info := pipelinetest.LookAt(t, west, "M")
			return info != nil && info.Mirror != nil && info.Mirror.Active > 1500*time.Millisecond
		})
	}
	copies("the mirror copies")

	sc.BlackholeWestToEast()
	copies("the mirror copies while its own cluster is not heard")
	sc.Restore()
	for _, spoil := range []func(){sc.BlackholeEastToWest, sc.Blackhole} {
		spoil()
		silent()
		if !sc.Joined() {
			t.Error("the clusters know that the link is dead")
		}
		sc.Restore()
		copies("the mirror copies again")
	}
	sc.Cut()
	pipelinetest.Eventually(t, 10*time.Second, "the clusters are apart", sc.Apart)
	silent()
	sc.Restore()
	pipelinetest.Eventually(t, 20*time.Second, "the clusters are joined again", sc.Joined)
	sc.East.Reload(t, func(o *pipelinetest.ServerOptions) { o.Config = "max_payload: 2000" })
}
