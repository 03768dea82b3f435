package jetstream

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// advised takes signals until an advisory comes, and returns it.
func advised(t testing.TB, s *Source) pipeline.Signal {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case got := <-s.Signals():
			if got.Kind == pipeline.SignalAdvisory {
				return got
			}
		case <-late:
			t.Fatal("no advisory")
		}
	}
}

// placed opens a source that knows its domain.
func placed(t testing.TB, c Config) (*Source, *logbook) {
	t.Helper()
	s, log := open(t, c)
	await(t, s, pipeline.SignalConnected, "")
	if _, err := look(t, s); err != nil {
		t.Fatal(err)
	}
	return s, log
}

func TestAdvisoriesHaveTheKeysOfLooks(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Domain: "hub"})
	js := srv.JetStream(t)
	s, _ := placed(t, Config{URL: URLs(srv.URL()), Streams: Streams{Exclude: []string{"TMP*"}}})
	config := jetstream.StreamConfig{Name: "S", Subjects: []string{"a"}}
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "TMP1", Subjects: []string{"b"}})
	pipelinetest.CreateStream(t, js, config)
	all, err := look(t, s)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	config.Subjects = append(config.Subjects, "c")
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	pipelinetest.DeleteStream(t, js, "S")
	for _, want := range []pipeline.AdvisoryKind{pipeline.AdvisoryCreated, pipeline.AdvisoryUpdated, pipeline.AdvisoryDeleted} {
		got := advised(t, s)
		if got.Key != all[0].Key || got.Advisory.Kind != want || got.Advisory.Text == "" || time.Since(got.Advisory.At) > time.Minute {
			t.Errorf("%+v, want %q of %v", got, want, all[0].Key)
		}
	}
}

func TestAdvisoriesOfAClusterNameItsMembers(t *testing.T) {
	cluster := pipelinetest.StartCluster(t, pipelinetest.ClusterOptions{})
	js := cluster.Servers[0].JetStream(t)
	s, _ := placed(t, Config{URL: URLs(cluster.Servers[0].URL())})
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "S", Subjects: []string{"a"}, Replicas: 3})
	pipelinetest.StepDown(t, js, "S") // the first election may be over before every server knows who listens
	for {
		got := advised(t, s)
		if got.Advisory.Kind != pipeline.AdvisoryLeader {
			continue
		}
		if got.Key.Stream != "S" || !strings.Contains(got.Advisory.Text, " was elected leader") {
			t.Errorf("%+v", got)
		}
		break
	}
	all, err := look(t, s, "S")
	if err != nil || len(all[0].Peers) != 2 || all[0].Peers[0].Name == all[0].Leader {
		t.Errorf("peers %+v, %v", all, err)
	}
}

func TestReadAdvisory(t *testing.T) {
	s := &Source{config: Config{Name: "dr", Streams: Streams{Include: []string{"S*"}}}, prefix: "$JS.API", domain: "leaf", placed: true}
	for _, c := range []struct {
		subject, body string
		want          pipeline.AdvisoryKind
		text          string
	}{
		{"LEADER_ELECTED.S1", `{"domain":"leaf","leader":"n2"}`, pipeline.AdvisoryLeader, "n2 was elected leader"},
		{"LEADER_ELECTED.S1", `{"domain":"leaf"}`, pipeline.AdvisoryLeader, "a leader was elected"},
		{"QUORUM_LOST.S1", `{"domain":"leaf"}`, pipeline.AdvisoryQuorum, "the stream lost its quorum"},
		{
			"QUORUM_LOST.S1", `{"domain":"leaf","replicas":[{"name":"n1","offline":true},{"name":"n2"},{"name":"n3","offline":true}]}`,
			pipeline.AdvisoryQuorum, "the stream lost its quorum; offline: n1, n3",
		},
		{"DELETED.S1", `{"domain":"hub"}`, "", ""}, // over a leafnode, of another stream
		{"DELETED.S1", `{}`, "", ""},
		{"DELETED.T1", `{"domain":"leaf"}`, "", ""},
		{"DELETED.S1", `{`, "", ""},
		{"SNAPSHOT_CREATE.S1", `{"domain":"leaf"}`, "", ""},
	} {
		got, ok := s.readAdvisory(advisoryPrefix+c.subject, []byte(c.body))
		if ok != (c.want != "") || ok && (got.Advisory.Kind != c.want || got.Advisory.Text != c.text) {
			t.Errorf("%s %s: %v, %+v", c.subject, c.body, ok, got)
		}
	}
	body := []byte(`{"domain":"leaf"}`)
	s.prefix = "$JS.other.API" // another account's, so another account's streams
	if _, ok := s.readAdvisory(advisoryPrefix+"DELETED.S1", body); ok {
		t.Error("an advisory about another account's stream is heeded")
	}
	s.prefix, s.placed = "$JS.leaf.API", false
	if _, ok := s.readAdvisory(advisoryPrefix+"DELETED.S1", body); ok {
		t.Error("an advisory is heeded before the domain is known")
	}
}

func TestAStormOfAdvisoriesPushesOutNoOtherSignal(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	s, _ := placed(t, Config{URL: URLs(srv.URL())})
	nc := srv.Connect(t)
	for range 2 * signalRoom {
		if err := nc.Publish(advisoryPrefix+"UPDATED.S", []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	pipelinetest.Eventually(t, 10*time.Second, "advisories fill their room", func() bool {
		return len(s.conn.signals) == signalRoom-signalSpared && len(s.advisories.come) == 0
	})
	srv.Stop()
	pipelinetest.Eventually(t, 10*time.Second, "the disconnect finds room", func() bool {
		return len(s.conn.signals) > signalRoom-signalSpared
	})
	await(t, s, pipeline.SignalDisconnected, "")
}

func TestRefusedAdvisoriesAreSaidOnceAndMuteNothing(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: `authorization: {users: [
		{user: admin, password: pw}
		{user: agent, password: pw, permissions: {subscribe: {deny: ["$JS.EVENT.>", "other.>"]}}}
	]}`})
	js := srv.JetStream(t, nats.UserInfo("admin", "pw"))
	s, log := placed(t, Config{URL: URLs(srv.URL()), User: "agent", Password: pipeline.NewSecret("pw")})
	const said = "the user may not receive advisories"
	pipelinetest.Eventually(t, 10*time.Second, "it is said", func() bool { return log.count(said) == 1 })
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "S", Subjects: []string{"a"}})
	// A subscription of no concern mutes nothing either.
	nc := s.conn.nc.Load()
	if _, err := nc.Subscribe("other.a", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	pipelinetest.Eventually(t, 10*time.Second, "it is reported", func() bool { return log.count("other.a") == 1 })
	if all, err := look(t, s, "S"); err != nil || all[0].Fault.Kind != "" {
		t.Errorf("%v, %v", all, err)
	}
	srv.Stop()
	await(t, s, pipeline.SignalDisconnected, "")
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, s, pipeline.SignalConnected, "")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := nc.FlushWithContext(ctx); err != nil {
		t.Fatal(err)
	}
	pipelinetest.Eventually(t, 10*time.Second, "the other is reported again", func() bool { return log.count("other.a") == 2 })
	if all, err := look(t, s); err != nil || len(all) != 1 || log.count(said) != 1 {
		t.Errorf("%v, %v, said %d times", all, err, log.count(said))
	}
}
