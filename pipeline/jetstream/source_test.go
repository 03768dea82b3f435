package jetstream

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

var (
	_ pipeline.Source   = (*Source)(nil)
	_ pipeline.Signaler = (*Source)(nil)
)

func TestLookAtEverythingYieldsEachStreamOnce(t *testing.T) {
	srv := serve(t, nil)
	streams(t, client(t, srv), 580, 20)
	s := connected(t, Config{URL: URLs(srv.ClientURL())})
	all, err := look(t, s)
	if err != nil || len(all) != 600 || len(faults(all)) != 600 {
		t.Fatalf("%d samples of %d streams, %v", len(all), len(faults(all)), err)
	}
	for _, x := range all {
		if x.Fault.Kind != "" || x.Key.Connection != "dr" || x.Asked.IsZero() || x.At.Before(x.Asked) || x.Leader != Standalone {
			t.Fatalf("sample %+v", x)
		}
		mirror := strings.HasPrefix(x.Key.Stream, "M")
		if mirror != (len(x.Links) == 1) || mirror != x.Settings.Policy.SeenCritical.Set {
			t.Fatalf("sample %+v", x)
		}
		if mirror && (!x.Links[0].Reported || x.Links[0].Origin != "S000") {
			t.Fatalf("link %+v", x.Links[0])
		}
	}
}

func TestLookAtScopeYieldsOneSampleAKey(t *testing.T) {
	srv := serve(t, nil)
	streams(t, client(t, srv), 1, 1)
	s := connected(t, Config{URL: URLs(srv.ClientURL())})
	names := []string{"M000", "GONE", "S000", "no name", "a.b", ""}
	all, err := look(t, s, names...)
	if err != nil || len(all) != len(names) {
		t.Fatalf("%d samples, %v", len(all), err)
	}
	want := map[string]pipeline.FaultKind{
		"M000": "", "S000": "", "GONE": pipeline.FaultNotFound,
		"no name": pipeline.FaultNonsense, "a.b": pipeline.FaultNonsense, "": pipeline.FaultNonsense,
	}
	for name, kind := range faults(all) {
		if kind != want[name] {
			t.Errorf("%q: fault %q, want %q", name, kind, want[name])
		}
	}
}

func TestEmptyScopeAsksNothing(t *testing.T) {
	srv := serve(t, nil)
	s := connected(t, Config{URL: URLs(srv.ClientURL())})
	if err := s.Look(t.Context(), []pipeline.StreamKey{}, func(*pipeline.Sample) { t.Error("a sample") }); err != nil {
		t.Error(err)
	}
}

func TestLeaderOfStandaloneServerIsTheSameInListAndInfo(t *testing.T) {
	srv := serve(t, nil)
	streams(t, client(t, srv), 1, 0)
	s := connected(t, Config{URL: URLs(srv.ClientURL())})
	listed, err := look(t, s)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := look(t, s, "S000")
	if err != nil {
		t.Fatal(err)
	}
	if listed[0].Leader != Standalone || asked[0].Leader != Standalone {
		t.Errorf("leaders %q and %q", listed[0].Leader, asked[0].Leader)
	}
}

func TestGlobsChooseStreams(t *testing.T) {
	srv := serve(t, nil)
	streams(t, client(t, srv), 12, 3)
	s := connected(t, Config{
		URL:     URLs(srv.ClientURL()),
		Streams: Streams{Include: []string{"M*", "S00?"}, Exclude: []string{"*2"}},
	})
	all, err := look(t, s)
	if got := faults(all); err != nil || len(got) != 2+9 {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestDomainIsLearntAndConfigured(t *testing.T) {
	srv := serve(t, func(o *server.Options) { o.JetStreamDomain = "hub" })
	streams(t, client(t, srv), 1, 0)
	for _, c := range []Config{{}, {Domain: "hub"}, {APIPrefix: "$JS.hub.API"}} {
		c.URL = URLs(srv.ClientURL())
		s := connected(t, c)
		all, err := look(t, s)
		if err != nil || len(all) != 1 || all[0].Key.Domain != "hub" {
			t.Fatalf("%+v: %v, %v", c, all, err)
		}
		key := all[0].Key
		err = s.Look(t.Context(), []pipeline.StreamKey{key}, func(x *pipeline.Sample) {
			if x.Key != key || x.Fault.Kind != "" || len(x.Raw) == 0 {
				t.Errorf("sample %+v", x)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	wrong := connected(t, Config{URL: URLs(srv.ClientURL()), Domain: "spoke"})
	if _, err := look(t, wrong); !errors.Is(err, pipeline.ErrNoAnswer) {
		t.Errorf("a domain that is not there: %v", err)
	}
	all, err := look(t, wrong, "S000")
	if err != nil || all[0].Fault.Kind != pipeline.FaultNoAnswer || !strings.Contains(all[0].Fault.Text, "nobody listens") {
		t.Errorf("a domain that is not there: %v, %v", all, err)
	}
}

func TestMissingPermissionIsToldAtOnce(t *testing.T) {
	srv := serve(t, func(o *server.Options) {
		user := func(name string, p *server.Permissions) *server.User {
			return &server.User{Username: name, Password: "pw", Permissions: p}
		}
		publish := func(denied string) *server.Permissions {
			return &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{denied}}}
		}
		o.Users = []*server.User{
			user("info", publish("$JS.API.STREAM.INFO.S001")),
			user("list", publish("$JS.API.STREAM.LIST")),
			user("account", publish("$JS.API.INFO")),
			user("inbox", &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"_INBOX.>"}}}),
			user("admin", nil),
		}
	})
	streams(t, client(t, srv, nats.UserInfo("admin", "pw")), 2, 0)
	as := func(user string) *Source {
		return connected(t, Config{URL: URLs(srv.ClientURL()), User: user, Password: pipeline.NewSecret("pw")})
	}
	began := time.Now()

	all, err := look(t, as("info"), "S000", "S001")
	if got := faults(all); err != nil || got["S000"] != "" || got["S001"] != pipeline.FaultDenied {
		t.Errorf("one stream denied: %v, %v", got, err)
	}
	if _, err := look(t, as("list")); !errors.Is(err, pipeline.ErrDenied) {
		t.Errorf("listing denied: %v", err)
	}
	if all, err := look(t, as("account")); err != nil || len(all) != 2 {
		t.Errorf("account info denied: %v, %v", all, err)
	}
	deaf := as("inbox")
	if _, err := look(t, deaf); !errors.Is(err, pipeline.ErrDenied) {
		t.Errorf("inbox denied: %v", err)
	}
	if all, _ := look(t, deaf, "S000"); faults(all)["S000"] != pipeline.FaultDenied {
		t.Errorf("inbox denied: %v", all)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v, as long as a time-out", took)
	}
}
