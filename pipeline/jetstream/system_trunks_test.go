package jetstream

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// routes asks for the ways between servers until they fit.
func routes(t testing.TB, s *System, what string, fits func([]pipeline.Trunk) bool) []pipeline.Trunk {
	t.Helper()
	var all []pipeline.Trunk
	pipelinetest.Eventually(t, 30*time.Second, what, func() bool {
		var err error
		if all, err = s.Trunks(t.Context()); err != nil {
			t.Log(err)
			return false
		}
		return fits(all)
	})
	return all
}

func TestALeafnodeIsARoute(t *testing.T) {
	t.Parallel()
	l := pipelinetest.StartLeafnode(t)
	s, _ := openSystem(t, l.Origin.URL(), Config{})
	leaf := func(up bool) func([]pipeline.Trunk) bool {
		return func(all []pipeline.Trunk) bool { return len(all) == 1 && all[0].Up == up }
	}
	r := routes(t, s, "the leafnode is up", func(all []pipeline.Trunk) bool { return leaf(true)(all) && all[0].RTT > 0 })[0]
	if r.Connection != "sys" || r.Kind != pipeline.TrunkLeafnode || r.Server != "hub" || r.Remote != "leaf" || r.Account != "$G" {
		t.Errorf("%+v", r)
	}
	origin := l.Mirror.Connect(t)
	routes(t, s, "messages move", func(all []pipeline.Trunk) bool {
		if err := origin.Publish("$JS.hub.API.INFO", nil); err != nil {
			t.Fatal(err)
		}
		return leaf(true)(all) && !all[0].Moved.IsZero()
	})
	l.Link.Cut()
	r = routes(t, s, "the leafnode is down, and a server said why", func(all []pipeline.Trunk) bool {
		return leaf(false)(all) && all[0].Detail != goneDetail
	})[0]
	if r.Detail == "" || time.Since(r.Since) > 10*time.Second || r.RTT != 0 {
		t.Errorf("%+v", r)
	}
	l.Link.Restore()
	r = routes(t, s, "the leafnode is up again", leaf(true))[0]
	if r.Detail != "" || r.Since.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestGatewaysAreRoutes(t *testing.T) {
	t.Parallel()
	sc := pipelinetest.StartSuperCluster(t, pipelinetest.SuperOptions{})
	s, _ := openSystem(t, sc.East.URL(), Config{})
	out := func(up bool, n int) func([]pipeline.Trunk) bool {
		return func(all []pipeline.Trunk) bool {
			count := 0
			for _, r := range all {
				if r.Kind == pipeline.TrunkGateway && r.Outbound && r.Up == up && strings.HasPrefix(r.Server, r.Cluster) {
					count++
				}
			}
			return count == n
		}
	}
	all := routes(t, s, "each server has a gateway connection", out(true, 6))
	if !slices.ContainsFunc(all, func(r pipeline.Trunk) bool { return r.Up && !r.Outbound && r.Remote == "west" && r.Server != "" }) {
		t.Errorf("no inbound gateway: %+v", all)
	}
	sc.Cut()
	fits := out(false, 3)
	pipelinetest.Eventually(t, 30*time.Second, "those of our cluster are down", func() bool {
		all, _ = s.Trunks(t.Context()) // the other cluster's servers do not answer, which is an error
		return fits(all)
	})
	for _, r := range all {
		if r.Outbound && (r.Cluster != "east" || r.Remote != "west" || r.Detail == "" || r.Since.IsZero()) {
			t.Errorf("%+v", r)
		}
	}
	// Who comes when the gateways are cut already knows of them by the servers' configuration.
	late, _ := openSystem(t, sc.East.URL(), Config{})
	pipelinetest.Eventually(t, 30*time.Second, "configured gateways are down", func() bool {
		all, _ = late.Trunks(t.Context())
		return fits(all)
	})
}

func TestARefusedLeafnodeIsToldWithItsReason(t *testing.T) {
	hub := pipelinetest.StartServer(t, pipelinetest.ServerOptions{
		Name: "hub", SystemUser: true, Leafnodes: true, Config: `leafnodes { authorization { user: x, password: y } }`,
	})
	s, _ := openSystem(t, hub.URL(), Config{})
	pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "leaf", Remotes: []string{hub.LeafnodeAddr()}})
	all := routes(t, s, "the refusal is told", func(all []pipeline.Trunk) bool { return len(all) == 1 })
	if r := all[0]; r.Up || r.Kind != pipeline.TrunkLeafnode || r.Server != "hub" || r.Remote == "" || r.Detail == "" || r.Since.IsZero() || r.Account != "" {
		t.Errorf("%+v", r)
	}
}
