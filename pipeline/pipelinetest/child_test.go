package pipelinetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestAFrozenServerIsSilentAndGoesOnWhenThawed(t *testing.T) {
	t.Parallel()
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "child", Child: true})
	js := s.JetStream(t)
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})

	s.Freeze(t)
	if pipelinetest.LookAt(t, js, "ORDERS") != nil || s.Answers() {
		t.Error("a frozen server answers")
	}
	if !js.Conn().IsConnected() {
		t.Error("a frozen server closed its connection")
	}
	s.Thaw(t)
	pipelinetest.Eventually(t, 5*time.Second, "the server answers", func() bool {
		return pipelinetest.LookAt(t, js, "ORDERS") != nil
	})
	s.Freeze(t) // Stop thaws it
}

func TestAKilledServerStartsAgainWithItsStreams(t *testing.T) {
	t.Parallel()
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "child", Child: true, Leafnodes: true})
	js := s.JetStream(t)
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	pipelinetest.Publish(t, js, "orders.new", 3)
	url, leaf := s.URL(), s.LeafnodeAddr()
	s.Kill(t)
	pipelinetest.Eventually(t, 5*time.Second, "the client knows", func() bool { return !js.Conn().IsConnected() })
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if s.URL() != url || s.LeafnodeAddr() != leaf {
		t.Errorf("now at %s and %s, before at %s and %s", s.URL(), s.LeafnodeAddr(), url, leaf)
	}
	pipelinetest.Eventually(t, 10*time.Second, "the stream is back", func() bool {
		info := pipelinetest.LookAt(t, js, "ORDERS")
		return info != nil && info.State.Msgs == 3
	})
}

func TestAChildTakesAReloadOver(t *testing.T) {
	t.Parallel()
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "child", Child: true, Config: "max_payload: 1000"})
	for range 2 {
		if err := s.Reload(func(o *pipelinetest.ServerOptions) { o.Config = "max_payload: 2000" }); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Connect(t).MaxPayload(); got != 2000 {
		t.Errorf("the limit is %d bytes", got)
	}
	if err := s.Reload(func(o *pipelinetest.ServerOptions) { o.Config = "listen: [" }); err == nil {
		t.Error("took a bad configuration over")
	}
}

func TestAChildThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]pipelinetest.ServerOptions{
		"Configure cannot reach": {Name: "bad", Child: true, Configure: func(*server.Options) {}},
		"configure server bad":   {Name: "bad", Child: true, Config: "listen: ["},
	} {
		s := pipelinetest.NewServer(o)
		if err := s.Start(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		s.Stop()
	}
}

func TestAClusterOutlivesAFrozenLeader(t *testing.T) {
	t.Parallel()
	c := pipelinetest.StartCluster(t, pipelinetest.ClusterOptions{Child: true})
	js := c.JetStream(t)
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Replicas: 3})
	leader := c.LeaderOf(t, js, "ORDERS")
	leader.Freeze(t)
	var other *pipelinetest.Server
	for _, s := range c.Servers {
		if s != leader {
			other = s
		}
	}
	alive := other.JetStream(t)
	pipelinetest.Eventually(t, 30*time.Second, "another server leads", func() bool {
		info := pipelinetest.LookAt(t, alive, "ORDERS")
		return info != nil && info.Cluster.Leader != "" && info.Cluster.Leader != leader.Name()
	})
	c.WaitForLeader(t)
	leader.Thaw(t)
	c.WaitForLeader(t)
}
