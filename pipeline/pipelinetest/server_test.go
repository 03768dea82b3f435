package pipelinetest_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestARestartedServerKeepsItsPortsAndStreams(t *testing.T) {
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one", Leafnodes: true})
	nc := s.Connect(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
	pipelinetest.Publish(t, js, "orders.new", 3)
	pipelinetest.SetMetadata(t, js, "ORDERS", map[string]string{"io.nats.monitor.seen-critical": "60"})
	url, leaf := s.URL(), s.LeafnodeAddr()

	s.Stop()
	s.Stop()
	if s.NATS() != nil {
		t.Error("a stopped server runs")
	}
	for range 2 {
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if s.URL() != url || s.LeafnodeAddr() != leaf {
		t.Errorf("now at %s and %s, before at %s and %s", s.URL(), s.LeafnodeAddr(), url, leaf)
	}
	pipelinetest.Eventually(t, 10*time.Second, "the client is back", func() bool {
		return nc.IsConnected() && nc.Stats().Reconnects > 0
	})
	info := pipelinetest.StreamInfo(t, js, "ORDERS")
	if info.State.Msgs != 3 || info.Config.Metadata["io.nats.monitor.seen-critical"] != "60" {
		t.Errorf("%d messages, metadata %v", info.State.Msgs, info.Config.Metadata)
	}
	pipelinetest.DeleteStream(t, js, "ORDERS")
}

func TestConfigurationSetsAccountsAndUsers(t *testing.T) {
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{
		Name: "accounts",
		Config: `accounts {
			A { jetstream: enabled, users: [{user: a, password: a}] }
			B { jetstream: enabled, users: [{user: b, password: b}] }
		}`,
		Configure: func(o *server.Options) { o.MaxConn = 7 },
	})
	a := s.JetStream(t, nats.UserInfo("a", "a"))
	pipelinetest.CreateStream(t, a, jetstream.StreamConfig{Name: "ONLY_A"})
	b := s.JetStream(t, nats.UserInfo("b", "b"))
	if _, err := b.Stream(t.Context(), "ONLY_A"); err == nil {
		t.Error("an account sees another one's stream")
	}
	if _, err := nats.Connect(s.URL()); err == nil {
		t.Error("connected without a user")
	}
	if varz, err := s.NATS().Varz(nil); err != nil || varz.MaxConn != 7 {
		t.Errorf("Configure was not heard: %v", err)
	}
}

func TestABadConfigurationIsAnError(t *testing.T) {
	s := pipelinetest.NewServer(pipelinetest.ServerOptions{Name: "bad", Config: "listen: ["})
	if err := s.Start(); err == nil {
		t.Error("started")
		s.Stop()
	}
}
