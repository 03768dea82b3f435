package pipelinetest_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestAClusterKeepsAStreamWhileOneServerIsStopped(t *testing.T) {
	t.Parallel()
	started := time.Now()
	c := pipelinetest.StartCluster(t, pipelinetest.ClusterOptions{})
	t.Logf("a cluster of %d starts in %s", len(c.Servers), time.Since(started))
	js := c.JetStream(t)
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Replicas: 3})
	pipelinetest.Publish(t, js, "orders.new", 3)

	old := c.LeaderOf(t, js, "ORDERS")
	if followers := c.FollowersOf(t, js, "ORDERS"); old == nil || len(followers) != 2 {
		t.Fatalf("leader %v, %d followers", old, len(followers))
	}
	pipelinetest.StepDown(t, js, "ORDERS")
	leader := c.LeaderOf(t, js, "ORDERS")
	if leader == nil || leader == old {
		t.Fatalf("stepped down: leader %v, before %v", leader, old)
	}

	leader.Stop()
	c.WaitForLeader(t)
	pipelinetest.Eventually(t, 15*time.Second, "another server leads", func() bool {
		now := pipelinetest.LookAt(t, js, "ORDERS")
		return now != nil && now.Cluster.Leader != "" && now.Cluster.Leader != leader.Name()
	})
	pipelinetest.Publish(t, js, "orders.new", 3)
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	c.WaitForLeader(t)
}

func TestAClusterHasAccountsAndASystemUser(t *testing.T) {
	t.Parallel()
	c := pipelinetest.StartCluster(t, pipelinetest.ClusterOptions{Servers: 2, Config: `accounts {
		A { jetstream: enabled, users: [{user: a, password: a}] }
		B { jetstream: enabled, users: [{user: b, password: b}] }
	}`})
	pipelinetest.CreateStream(t, c.JetStream(t, pipelinetest.User("a")), jetstream.StreamConfig{Name: "ONLY_A"})
	if pipelinetest.LookAt(t, c.JetStream(t, pipelinetest.User("b")), "ONLY_A") != nil {
		t.Error("an account sees another one's stream")
	}
	if _, err := c.System(t).Request("$SYS.REQ.SERVER.PING.JSZ", nil, 5*time.Second); err != nil {
		t.Errorf("ask the system account: %v", err)
	}
	c.Reload(t, func(o *pipelinetest.ServerOptions) {
		o.Config = `max_payload: 2000, ` + o.Config
	})
	for _, s := range c.Servers {
		if got := s.Connect(t, pipelinetest.User("a")).MaxPayload(); got != 2000 {
			t.Errorf("%s takes %d bytes", s.Name(), got)
		}
	}
}

func TestAClusterMirrorsOverALeafnode(t *testing.T) {
	t.Parallel()
	hub := pipelinetest.StartServer(t, pipelinetest.ServerOptions{
		Name: "hub", Domain: pipelinetest.HubDomain, Leafnodes: true, SystemUser: true,
	})
	link := pipelinetest.StartLinks(t, hub.LeafnodeAddr())
	leaf := pipelinetest.StartCluster(t, pipelinetest.ClusterOptions{Domain: pipelinetest.LeafDomain, Remotes: link.Addrs()})
	origin, mirror := hub.JetStream(t), leaf.JetStream(t)
	pipelinetest.CreateStream(t, origin, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	source := &jetstream.StreamSource{
		Name: "ORDERS", External: &jetstream.ExternalStream{APIPrefix: pipelinetest.APIPrefix(pipelinetest.HubDomain)},
	}
	pipelinetest.CreateStream(t, mirror, jetstream.StreamConfig{Name: "M", Mirror: source, Replicas: 3})
	pipelinetest.Publish(t, origin, "orders.new", 5)
	pipelinetest.Eventually(t, 20*time.Second, "the mirror copies", func() bool {
		return pipelinetest.Copied(t, mirror, "M", 5)
	})
}
