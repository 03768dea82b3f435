package jetstream

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestScopeIsValidated(t *testing.T) {
	for _, x := range []struct {
		config Config
		want   []string // the paths of what is wrong
	}{
		{Config{}, nil},
		{Config{Scope: "account", Domain: "hub"}, nil},
		{Config{Scope: "system"}, nil},
		{Config{Scope: "System"}, []string{"scope"}},
		{Config{Scope: "system", Domain: "hub"}, []string{"domain"}},
		{Config{Scope: "system", APIPrefix: "$JS.hub.API"}, []string{"api_prefix"}},
		{Config{Scope: "system", Origins: []string{"hub"}}, []string{"origins"}},
	} {
		x.config.Name, x.config.URL = "sys", "nats://127.0.0.1:4222"
		var got []string
		x.config.Validate(func(path, _ string) { got = append(got, path) })
		if !slices.Equal(got, x.want) {
			t.Errorf("%+v: %v, want %v", x.config, got, x.want)
		}
	}
}

// leastSystem is a user of the system account who may do what is needed, and one who may listen to no events.
const leastSystem = `
system_account: SYS
no_auth_user: anyone
accounts {
	APP { jetstream: enabled, users: [{user: anyone}, {user: a, password: a}] }
	SYS { users: [
		{user: sys, password: sys}
		{user: least, password: least, permissions: {
			publish: ["$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER.PING.HEALTHZ", "$SYS.REQ.SERVER.PING.VARZ",
				"$SYS.REQ.SERVER.PING.GATEWAYZ", "$SYS.REQ.SERVER.PING.LEAFZ", "$SYS.REQ.SERVER.*.JSZ"]
			subscribe: ["_INBOX.>", "$JS.EVENT.ADVISORY.STREAM.>", "$SYS.ACCOUNT.*.DISCONNECT", "$SYS.SERVER.*.CLIENT.AUTH.ERR"]
		}}
		{user: deaf, password: deaf, permissions: {
			publish: ["$SYS.REQ.SERVER.PING.JSZ"]
			subscribe: ["_INBOX.>"]
		}}
	] }
}`

func TestLeastPrivilegesInTheSystemAccount(t *testing.T) {
	srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1", Config: leastSystem})
	js := srv.JetStream(t, pipelinetest.User("a"))
	pipelinetest.CreateMirror(t, js, "M", "ORDERS", "", nil)
	for _, user := range []string{"least", "deaf"} {
		s, log := openSystem(t, srv.URL(), Config{User: user, Password: pipeline.NewSecret(user)})
		for range 2 {
			if all := round(t, s); len(all) != 1 || all["APP/M"].Fault.Kind != "" {
				t.Errorf("%s: %v", user, all)
			}
		}
		if x := single(t, s, "APP", "M"); x.Fault.Kind != "" {
			t.Errorf("%s: %+v", user, x.Fault)
		}
		_, err := s.Trunks(t.Context())
		gone := single(t, s, "APP", "GONE").Fault
		if user == "least" {
			if err != nil || gone.Kind != pipeline.FaultNotFound || log.count("ermission") != 0 {
				t.Errorf("%s: routes %v, gone %v, log %s", user, err, gone, log.text.String())
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "LEAFZ") || gone.Kind != pipeline.FaultDenied {
			t.Errorf("%s: routes %v, gone %v", user, err, gone)
		}
		pipelinetest.Eventually(t, 5*time.Second, "what is not allowed is said", func() bool {
			return log.count("LEADER_ELECTED") == 1 && log.count("DISCONNECT") == 1
		})
	}
}
