package jetstream

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

var (
	_ pipeline.Source       = (*System)(nil)
	_ pipeline.Signaler     = (*System)(nil)
	_ pipeline.OriginSource = (*System)(nil)
	_ pipeline.RouteSource  = (*System)(nil)
	_ pipeline.Teller       = (*System)(nil)
)

// threeAccounts is nats-server configuration; the user of account A is called a.
const threeAccounts = `accounts {
	A { jetstream: enabled, users: [{user: a, password: a}] }
	B { jetstream: enabled, users: [{user: b, password: b}] }
	C { jetstream: enabled, users: [{user: c, password: c}] }
}`

// openSystem opens a system connection until the test ends, with what it logs.
func openSystem(t testing.TB, url string, c Config) (*System, *logbook) {
	t.Helper()
	c.Name, c.URL, c.Scope = "sys", URLs(url), ScopeSystem
	if c.User == "" && c.CredentialsFile == "" {
		c.User, c.Password = pipelinetest.SystemUser, pipeline.NewSecret(pipelinetest.SystemPassword)
	}
	log := &logbook{}
	s, err := OpenSystem(t.Context(), c, Pace{Interval: 5 * time.Second}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	pipelinetest.Eventually(t, 10*time.Second, "connected", func() bool { _, err := s.conn.client(); return err == nil })
	return s, log
}

// round collects what a look at everything yields, by "account/stream".
func round(t testing.TB, s *System) map[string]*pipeline.Sample {
	t.Helper()
	all := map[string]*pipeline.Sample{}
	err := s.Look(t.Context(), nil, func(x *pipeline.Sample) {
		name := x.Key.Account + "/" + x.Key.Stream
		if all[name] != nil {
			t.Errorf("%s is yielded twice", name)
		}
		all[name] = x.Clone()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// single looks at one stream.
func single(t testing.TB, s *System, account, stream string) *pipeline.Sample {
	t.Helper()
	key := pipeline.StreamKey{Connection: "sys", Account: account, Stream: stream}
	var one *pipeline.Sample
	err := s.Look(t.Context(), []pipeline.StreamKey{key}, func(x *pipeline.Sample) {
		if one != nil || x.Key != key {
			t.Errorf("sample of %v, and %v", x.Key, one)
		}
		one = x.Clone()
	})
	if err != nil || one == nil {
		t.Fatalf("no sample of %v: %v", key, err)
	}
	return one
}

// ordersAndMirror makes a stream ORDERS and its mirror M in the account of each user.
func ordersAndMirror(t testing.TB, as func(user string) jetstream.JetStream, replicas int, users ...string) {
	t.Helper()
	for _, user := range users {
		js := as(user)
		pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Replicas: replicas})
		pipelinetest.CreateStream(t, js, jetstream.StreamConfig{
			Name: "M", Mirror: &jetstream.StreamSource{Name: "ORDERS"}, Replicas: replicas,
			Metadata: map[string]string{pipeline.MetadataPrefix + "seen-critical": "60", "owner": user},
		})
		pipelinetest.Publish(t, js, "orders.new", 3)
	}
}

func threeAccountServer(t testing.TB) (*pipelinetest.Server, func(string) jetstream.JetStream) {
	t.Helper()
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", SystemUser: true, Config: threeAccounts})
	return srv, func(user string) jetstream.JetStream { return srv.JetStream(t, pipelinetest.User(user)) }
}

func TestSystemScopeSeesTheStreamsOfEveryAccount(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a", "b", "c")
	s, _ := openSystem(t, srv.URL(), Config{})
	for i := range 3 { // the first brings configurations, the others remember them
		all := round(t, s)
		if len(all) != 6 {
			t.Fatalf("round %d: %d samples", i, len(all))
		}
		for _, account := range []string{"A", "B", "C"} {
			m := all[account+"/M"]
			if m == nil || m.Fault.Kind != "" || m.Leader != Standalone || len(m.Links) != 1 || m.Created.IsZero() {
				t.Fatalf("round %d: %+v", i, m)
			}
			if l := m.Links[0]; !l.Reported || l.Origin != "ORDERS" || m.Settings.Policy.SeenCritical.Value != time.Minute {
				t.Fatalf("round %d: %+v", i, m)
			}
			if owner := m.Settings.Metadata["owner"]; owner != strings.ToLower(account) {
				t.Errorf("round %d: metadata %v, want the owner of %s", i, m.Settings.Metadata, account)
			}
			if m.ServerTime.Before(m.Asked) || m.ServerTime.After(m.At) {
				t.Errorf("asked %v, read %v, answered %v", m.Asked, m.ServerTime, m.At)
			}
		}
	}
	pipelinetest.CreateStream(t, as("a"), jetstream.StreamConfig{Name: "M2", Mirror: &jetstream.StreamSource{Name: "ORDERS"}})
	if m := round(t, s)["A/M2"]; m == nil || len(m.Links) != 1 {
		t.Errorf("a new stream, between two rounds with configurations: %+v", m)
	}
	pipelinetest.Promote(t, as("b"), "M", "other.>")
	s.streams.entries[pipeline.StreamKey{Connection: "sys", Account: "B", Stream: "M"}].configAt = time.Now().Add(-configDoubt)
	if m := round(t, s)["B/M"]; m == nil || len(m.Links) != 0 {
		t.Errorf("a promoted mirror: %+v", m)
	}
}

func TestSystemScopeChoosesStreams(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a", "b")
	s, _ := openSystem(t, srv.URL(), Config{Streams: Streams{Exclude: []string{"ORD*"}}})
	if all := round(t, s); len(all) != 2 || all["A/M"] == nil || all["B/M"] == nil {
		t.Errorf("%v", all)
	}
}

func TestSystemScopeLooksAtSingleStreams(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a", "b")
	s, _ := openSystem(t, srv.URL(), Config{})
	if m := single(t, s, "A", "M"); m.Fault.Kind != "" || len(m.Links) != 1 || !m.Links[0].Reported { // before any round
		t.Errorf("%+v", m)
	}
	if m := single(t, s, "A", "GONE"); m.Fault.Kind != pipeline.FaultNotFound {
		t.Errorf("%+v", m.Fault)
	}
	if m := single(t, s, "NOBODY", "M"); m.Fault.Kind != pipeline.FaultMissing {
		t.Errorf("%+v", m.Fault)
	}
	if m := single(t, s, "A", "no name"); m.Fault.Kind != pipeline.FaultNonsense {
		t.Errorf("%+v", m.Fault)
	}

	round(t, s)
	pipelinetest.DeleteStream(t, as("b"), "M")
	if m := round(t, s)["B/M"]; m != nil {
		t.Errorf("not listed is not gone, but: %+v", m)
	}
	if m := single(t, s, "B", "M"); m.Fault.Kind != pipeline.FaultNotFound {
		t.Errorf("%+v", m.Fault)
	}
}

func TestLooksAtOneAccountShareAQuestion(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a")
	s, _ := openSystem(t, srv.URL(), Config{})
	round(t, s)
	before := s.conn.nc.Load().Stats().OutMsgs
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if m := single(t, s, "A", "M"); m.Fault.Kind != "" {
				t.Errorf("%+v", m.Fault)
			}
		})
	}
	all.Wait()
	if asked := s.conn.nc.Load().Stats().OutMsgs - before; asked > 3 {
		t.Errorf("50 looks at one stream put %d questions", asked)
	}
}

func TestAccountsComeInPages(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a", "b", "c")
	s, _ := openSystem(t, srv.URL(), Config{})
	var pages []string
	offset := 0
	for range 3 {
		r := s.newReader()
		ask := question[jsz]{"JSZ", jszOptions{Streams: true, Limit: 1, Offset: offset}, true, r.answer}
		_, err := gather(t.Context(), s, ask, func(one *said[jsz]) any {
			for _, a := range r.accounts {
				pages = append(pages, a.name)
			}
			if one.Data.Total < 3 {
				t.Errorf("%d accounts", one.Data.Total)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		offset++
	}
	if slices.Sort(pages); !slices.Equal(pages, []string{"A", "B", "C"}) {
		t.Errorf("pages of %v", pages)
	}
}

func TestSystemScopeWithoutSystemCredentials(t *testing.T) {
	srv, _ := threeAccountServer(t)
	s, _ := openSystem(t, srv.URL(), Config{User: "a", Password: pipeline.NewSecret("a")})
	err := s.Look(t.Context(), nil, func(x *pipeline.Sample) { t.Errorf("%+v", x) })
	if err == nil || !strings.Contains(err.Error(), "system account") {
		t.Errorf("%v", err)
	}
}

func TestSystemScopeOfAServerThatIsGone(t *testing.T) {
	srv, as := threeAccountServer(t)
	ordersAndMirror(t, as, 1, "a")
	s, _ := openSystem(t, srv.URL(), Config{})
	round(t, s)
	srv.Stop()
	pipelinetest.Eventually(t, 10*time.Second, "disconnected", func() bool { _, err := s.conn.client(); return err != nil })
	var faults []pipeline.FaultKind
	err := s.Look(t.Context(), []pipeline.StreamKey{{Connection: "sys", Account: "A", Stream: "M"}}, func(x *pipeline.Sample) {
		faults = append(faults, x.Fault.Kind)
	})
	if err == nil || !slices.Equal(faults, []pipeline.FaultKind{pipeline.FaultDisconnected}) {
		t.Errorf("%v, %v", faults, err)
	}
	if err := s.Look(t.Context(), nil, func(*pipeline.Sample) {}); err == nil {
		t.Error("a round without a connection succeeds")
	}
}
