package faults

import (
	"fmt"
	"slices"
	"sync"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// tenants is nats-server configuration; the user of account A is called a.
const tenants = `accounts {
	A { jetstream: enabled, users: [{user: a, password: a}] }
	B { jetstream: enabled, users: [{user: b, password: b}] }
	C { jetstream: enabled, users: [{user: c, password: c}] }
}`

func systemFaults() []fault {
	return []fault{
		{name: "one server frozen, one stopped", topology: "cluster, system scope", limit: 20 * time.Second, slow: true, run: frozenAndStopped},
	}
}

// frozenAndStopped has the streams of each of three accounts on a server of their own, and one connection that sees all. What two
// dead servers hold must page; of what the third holds nothing may be lost or late.
func frozenAndStopped(s *scene) {
	c := pipelinetest.StartCluster(s.t, pipelinetest.ClusterOptions{Child: true, Config: tenants})
	for n, user := range []string{"a", "b", "c"} {
		ownServer(s, c, n, user)
	}
	s.watch([]string{"MIRROR"}, system(c, c.Servers[1], c.Servers[2]))
	pipelinetest.Eventually(s.t, startsIn, "all accounts' links are proven", func() bool {
		return age(s, "A") < startsIn && age(s, "B") < startsIn && age(s, "C") < startsIn
	})
	oldest := s.oldest("A")
	s.inject(func() { c.Servers[1].Freeze(s.t) })
	frozen := s.opensIn("B", pipeline.CauseNotObservable)
	s.inject(func() { c.Servers[2].Stop() })
	stopped := s.opensIn("C", pipeline.CauseNotObservable, pipeline.CauseLeaderless)
	s.staysOpen(frozen, 10*time.Second)
	s.staysOpen(stopped, time.Second)
	s.heal(func() { c.Servers[1].Thaw(s.t) })
	s.resolves(frozen, 30*time.Second)
	s.heal(func() { begin(s.t, c.Servers[2]) })
	s.resolves(stopped, startsIn)
	if worst := oldest(); worst > 10*time.Second {
		s.t.Errorf("the proof of account A grew %s old", worst)
	}
	s.only()
}

// system is the way into a cluster with system credentials, round some of its servers.
func system(c *pipelinetest.Cluster, others ...*pipelinetest.Server) jetstream.Config {
	way := around(c, others...)
	way.Name, way.Scope = "system", jetstream.ScopeSystem
	way.User, way.Password = pipelinetest.SystemUser, pipeline.NewSecret(pipelinetest.SystemPassword)
	return way
}

// ownServer puts the streams of a user's account on one server.
func ownServer(s *scene, c *pipelinetest.Cluster, n int, user string) {
	s.t.Helper()
	tag := "only-" + user
	err := c.Servers[n].Reload(func(o *pipelinetest.ServerOptions) { o.Config = fmt.Sprintf("server_tags: [%q]\n%s", tag, o.Config) })
	if err != nil {
		s.t.Fatal(err)
	}
	js := c.JetStream(s.t, pipelinetest.User(user))
	there := &natsjs.Placement{Tags: []string{tag}}
	pipelinetest.CreateStream(s.t, js, natsjs.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Placement: there})
	pipelinetest.CreateStream(s.t, js, natsjs.StreamConfig{
		Name: "MIRROR", Metadata: s.limits(), Placement: there, Mirror: &natsjs.StreamSource{Name: "ORDERS"},
	})
	feed(s.t, js, "orders.new", 5)
}

// opensIn is opens for the mirror of an account.
func (s *scene) opensIn(account string, causes ...pipeline.Cause) pipeline.Incident {
	s.t.Helper()
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, causes...)
	if i.Subject.Account != account {
		s.t.Errorf("opened in account %q, want %q", i.Subject.Account, account)
	}
	return i
}

// age is how old the proof of an account's mirror is.
func age(s *scene, account string) time.Duration {
	links := linksOf(s.t, s.api, "MIRROR")
	at := slices.IndexFunc(links, func(l agent.LinkState) bool { return l.Account == account })
	if at < 0 || links[at].Proof == nil {
		return time.Hour
	}
	return time.Since(*links[at].Proof)
}

// oldest follows the proof of an account's mirror, and tells in the end how old it grew.
func (s *scene) oldest(account string) (end func() time.Duration) {
	var (
		worst   time.Duration
		running sync.WaitGroup
	)
	done := make(chan struct{})
	running.Go(func() {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			worst = max(worst, age(s, account))
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	})
	stop := sync.OnceFunc(func() {
		close(done)
		running.Wait()
	})
	s.t.Cleanup(stop)
	return func() time.Duration {
		stop()
		return worst
	}
}
