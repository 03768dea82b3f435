package faults

import (
	"os"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

const leafnode = "leafnode, domains"

// leaf is a leafnode with the stream ORDERS on the hub and its mirror MIRROR behind the link.
type leaf struct {
	*pipelinetest.Leafnode

	origin, mirror natsjs.JetStream
}

// leafOf begins a scene on a leafnode, and watches the mirror's side with the least privileges.
func leafOf(s *scene, shape ...func(*natsjs.StreamConfig)) *leaf {
	s.t.Helper()
	l := leafServers(s)
	pipelinetest.CreateStream(s.t, l.mirror, mirrorOf(s, l.Source("ORDERS"), shape...))
	s.watch([]string{"MIRROR"}, least(l.Mirror))
	return l
}

// leafServers is a leafnode with the origin only.
func leafServers(s *scene) *leaf {
	s.t.Helper()
	l := &leaf{Leafnode: pipelinetest.StartLeafnodeWith(s.t, pipelinetest.LeafnodeOptions{
		Mirror: pipelinetest.ServerOptions{Config: leafPermissions(s.t)},
	})}
	l.origin, l.mirror = l.Origin.JetStream(s.t), l.Mirror.JetStream(s.t)
	pipelinetest.CreateStream(s.t, l.origin, orders())
	pipelinetest.Publish(s.t, l.origin, "orders.new", 20)
	return l
}

func orders() natsjs.StreamConfig {
	return natsjs.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}}
}

func mirrorOf(s *scene, origin *natsjs.StreamSource, shape ...func(*natsjs.StreamConfig)) natsjs.StreamConfig {
	config := natsjs.StreamConfig{Name: "MIRROR", Metadata: s.limits(), Mirror: origin}
	for _, f := range shape {
		f(&config)
	}
	return config
}

// connection is the way into a server.
func connection(server *pipelinetest.Server) jetstream.Config {
	return jetstream.Config{Name: "dr", URL: jetstream.URLs(server.URL())}
}

func leafnodeFaults() []fault {
	const short = 10 * time.Second
	return []fault{
		{name: "link cut", topology: leafnode, limit: short, run: linkCut},
		{name: "link blackholed", topology: leafnode, limit: short, run: linkBlackholed},
		{name: "bytes to the origin vanish: data still comes", topology: leafnode, limit: short, slow: true, run: questionsVanish},
		{name: "bytes to the mirror vanish", topology: leafnode, limit: short, slow: true, run: dataVanishes},
		{name: "mirror restarted while cut", topology: leafnode, limit: short, run: mirrorRestartedWhileCut},
		{name: "delivery denied", topology: leafnode, limit: 20 * time.Second, slow: true, run: deliveryDenied},
		{name: "delivery denied, link blips each 5 s", topology: leafnode, limit: 30 * time.Second, run: deliveryDeniedAndBlips},
		{name: "origin deleted", topology: leafnode, limit: 20 * time.Second, run: originDeleted},
		{name: "origin recreated with fewer messages", topology: leafnode, limit: 60 * time.Second, run: originRecreated},
		{name: "origin recreated with as many messages", topology: leafnode, limit: 60 * time.Second, slow: true, run: originRecreatedAlike},
		{name: "origin restored from an older copy", topology: leafnode, limit: 60 * time.Second, slow: true, run: originRestored},
		{name: "origin's server stopped", topology: leafnode, limit: short, run: originStopped},
		{name: "mirror full, discard new", topology: leafnode, limit: 60 * time.Second, run: mirrorFull},
		{name: "mirror sealed", topology: leafnode, limit: 60 * time.Second, slow: true, run: mirrorSealed},
		{name: "one of two sources dead", topology: "leafnode and the same server", limit: 20 * time.Second, run: oneSourceDead},
		{name: "origin's subjects changed under a filter", topology: leafnode, limit: 60 * time.Second, run: originReconfigured},
		{name: "origin never existed", topology: "one server", limit: 15 * time.Second, run: originNeverExisted},
		{name: "agent's own server gone", topology: leafnode, limit: short, run: ownServerGone},
	}
}

func linkCut(s *scene) {
	l := leafOf(s)
	s.inject(l.Link.Cut)
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseLinkDown)
	s.staysOpen(i, 5*time.Second)
	s.heal(l.Link.Restore)
	s.resolves(i, 15*time.Second)
	s.only()
}

func linkBlackholed(s *scene) {
	l := leafOf(s)
	s.inject(l.Link.Blackhole)
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseBlackhole, pipeline.CauseLinkDown)
	s.staysOpen(i, 20*time.Second)
	s.heal(l.Link.Restore)
	s.resolves(i, 60*time.Second)
	s.only()
}

// questionsVanish leaves the way that heartbeats and data take: contact goes on for as long as no server finds the link stale.
func questionsVanish(s *scene) {
	l := leafOf(s)
	s.inject(l.Link.BlackholeToTarget)
	s.quiet(40 * time.Second)
	s.heal(l.Link.Restore)
	s.quiet(30 * time.Second)
}

func dataVanishes(s *scene) {
	l := leafOf(s)
	s.inject(l.Link.BlackholeFromTarget)
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseBlackhole, pipeline.CauseLinkDown)
	s.staysOpen(i, 20*time.Second)
	s.heal(l.Link.Restore)
	s.resolves(i, 150*time.Second)
	s.only()
}

// mirrorRestartedWhileCut is the fault after which a plain check reads lag 0 and no age at all.
func mirrorRestartedWhileCut(s *scene) {
	l := leafOf(s)
	s.inject(func() {
		l.Link.Cut()
		l.Mirror.Stop()
		if err := l.Mirror.Start(); err != nil {
			s.t.Fatal(err)
		}
	})
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseLinkDown)
	s.staysOpen(i, 20*time.Second)
	s.heal(l.Link.Restore)
	s.resolves(i, 60*time.Second)
	s.also(pipeline.RuleUnobserved) // while the server restarts
	s.only()
}

func deliveryDenied(s *scene) {
	l := leafOf(s)
	s.inject(func() { l.DenyDelivery(s.t) })
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+12*time.Second, pipeline.CauseDelivery)
	s.staysOpen(i, 40*time.Second)
	s.heal(func() { l.Deny(s.t, pipelinetest.Denied{}) })
	s.resolves(i, 60*time.Second)
	s.only()
}

func deliveryDeniedAndBlips(s *scene) {
	l := leafOf(s)
	stop, stopped := make(chan struct{}), make(chan struct{})
	s.inject(func() { l.DenyDelivery(s.t) })
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Second):
				l.Link.Cut()
				l.Link.Restore()
			}
		}
	}()
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+12*time.Second, pipeline.CauseDelivery)
	s.staysOpen(i, 40*time.Second)
	close(stop)
	<-stopped
	s.heal(func() { l.Deny(s.t, pipelinetest.Denied{}) })
	s.resolves(i, 60*time.Second)
	s.only()
}

func originDeleted(s *scene) {
	l := leafOf(s)
	s.inject(func() { pipelinetest.DeleteStream(s.t, l.origin, "ORDERS") })
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseDeleted)
	s.staysOpen(i, 10*time.Second)
}

func originRecreated(s *scene) {
	l := leafOf(s)
	s.inject(func() {
		pipelinetest.DeleteStream(s.t, l.origin, "ORDERS")
		pipelinetest.CreateStream(s.t, l.origin, orders())
		pipelinetest.Publish(s.t, l.origin, "orders.new", 5)
	})
	i := s.opens(pipeline.RuleDiverged, "MIRROR", 30*time.Second, pipeline.CauseRecreated)
	s.plain(l.Mirror, "")
	if i.Risk.Failover != pipeline.FailoverDiverged {
		s.t.Errorf("failover: %s, want diverged", i.Risk)
	}
	s.staysOpen(i, 20*time.Second)
	s.heal(func() {
		pipelinetest.DeleteStream(s.t, l.mirror, "MIRROR")
		pipelinetest.CreateStream(s.t, l.mirror, mirrorOf(s, l.Source("ORDERS")))
	})
	s.ended(i, 40*time.Second)
	s.also(pipeline.RuleSeen)
	s.only()
}

func originRecreatedAlike(s *scene) {
	l := leafOf(s)
	s.inject(func() {
		pipelinetest.DeleteStream(s.t, l.origin, "ORDERS")
		pipelinetest.CreateStream(s.t, l.origin, orders())
		pipelinetest.Publish(s.t, l.origin, "orders.new", 50)
	})
	i := s.opens(pipeline.RuleDiverged, "MIRROR", 30*time.Second, pipeline.CauseRecreated)
	s.staysOpen(i, 30*time.Second)
	s.only()
}

// originRestored puts an older copy of the origin's store in place: the same stream, with less in it.
func originRestored(s *scene) {
	store := s.t.TempDir()
	l := &leaf{Leafnode: pipelinetest.StartLeafnodeWith(s.t, pipelinetest.LeafnodeOptions{
		Origin: pipelinetest.ServerOptions{StoreDir: store}, Mirror: pipelinetest.ServerOptions{Config: leafPermissions(s.t)},
	})}
	l.origin, l.mirror = l.Origin.JetStream(s.t), l.Mirror.JetStream(s.t)
	pipelinetest.CreateStream(s.t, l.origin, orders())
	pipelinetest.Publish(s.t, l.origin, "orders.new", 20)
	l.Origin.Stop()
	older := s.t.TempDir()
	if err := os.CopyFS(older, os.DirFS(store)); err != nil {
		s.t.Fatal(err)
	}
	restart := func() {
		if err := l.Origin.Start(); err != nil {
			s.t.Fatal(err)
		}
		pipelinetest.Eventually(s.t, patience, "the origin answers", func() bool {
			return pipelinetest.LookAt(s.t, l.origin, "ORDERS") != nil
		})
	}
	restart()
	pipelinetest.Publish(s.t, l.origin, "orders.new", 20)
	pipelinetest.CreateStream(s.t, l.mirror, mirrorOf(s, l.Source("ORDERS")))
	pipelinetest.Eventually(s.t, 2*time.Minute, "MIRROR has copied", func() bool { return pipelinetest.Copied(s.t, l.mirror, "MIRROR", 40) })
	s.watch([]string{"MIRROR"}, least(l.Mirror))
	s.inject(func() {
		l.Origin.Stop()
		if err := os.RemoveAll(store + "/jetstream"); err != nil {
			s.t.Fatal(err)
		}
		if err := os.CopyFS(store, os.DirFS(older)); err != nil {
			s.t.Fatal(err)
		}
		restart()
	})
	i := s.opens(pipeline.RuleDiverged, "MIRROR", 40*time.Second, pipeline.CauseRecreated)
	s.staysOpen(i, 20*time.Second)
	s.only()
}

func originStopped(s *scene) {
	l := leafOf(s)
	s.inject(l.Origin.Stop)
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+2*time.Second, pipeline.CauseOriginDown, pipeline.CauseLinkDown)
	s.heal(func() {
		if err := l.Origin.Start(); err != nil {
			s.t.Fatal(err)
		}
	})
	s.resolves(i, 60*time.Second)
	s.only()
}

func mirrorFull(s *scene) {
	l := leafOf(s, func(c *natsjs.StreamConfig) { c.MaxMsgs, c.Discard = 25, natsjs.DiscardNew })
	s.inject(func() { pipelinetest.Publish(s.t, l.origin, "orders.new", 30) })
	i := s.opens(pipeline.RuleNotCopying, "MIRROR", 30*time.Second, pipeline.CauseFull)
	s.plain(l.Mirror, "")
	if i.Risk.Failover != pipeline.FailoverBehind || i.Risk.Messages != 25 {
		s.t.Errorf("at risk: %+v, want 25 messages", i.Risk)
	}
	s.staysOpen(i, 10*time.Second)
	s.heal(func() {
		pipelinetest.UpdateStream(s.t, l.mirror, "MIRROR", func(c *natsjs.StreamConfig) { c.MaxMsgs = 1000 })
		l.Mirror.Stop() // a server goes on only then
		if err := l.Mirror.Start(); err != nil {
			s.t.Fatal(err)
		}
	})
	s.resolves(i, 60*time.Second)
	s.also(pipeline.RuleUnobserved)
	s.only()
}

func mirrorSealed(s *scene) {
	l := leafOf(s)
	s.inject(func() {
		pipelinetest.SealStream(s.t, l.mirror, "MIRROR")
		pipelinetest.Publish(s.t, l.origin, "orders.new", 30)
	})
	i := s.opens(pipeline.RuleNotCopying, "MIRROR", 30*time.Second, pipeline.CauseFull)
	s.staysOpen(i, 20*time.Second)
	s.only()
}

func oneSourceDead(s *scene) {
	l := leafServers(s)
	pipelinetest.CreateStream(s.t, l.mirror, natsjs.StreamConfig{Name: "NEAR", Subjects: []string{"near"}})
	pipelinetest.CreateStream(s.t, l.mirror, natsjs.StreamConfig{
		Name: "ALL", Metadata: s.limits(), Sources: []*natsjs.StreamSource{l.Source("ORDERS"), {Name: "NEAR"}},
	})
	s.watch([]string{"ALL"}, least(l.Mirror))
	s.inject(l.Link.Cut)
	i := s.opens(pipeline.RuleSeen, "ALL", s.limit+2*time.Second, pipeline.CauseLinkDown)
	if i.Subject.Origin != "ORDERS" {
		s.t.Errorf("the incident is about %s", i.Subject)
	}
	s.heal(l.Link.Restore)
	s.resolves(i, 60*time.Second)
	s.only()
}

func originReconfigured(s *scene) {
	l := leafServers(s)
	origin := l.Source("ORDERS")
	origin.FilterSubject = "orders.new"
	pipelinetest.CreateStream(s.t, l.mirror, mirrorOf(s, origin))
	s.watch([]string{"MIRROR"}, least(l.Mirror))
	s.inject(func() {
		pipelinetest.UpdateStream(s.t, l.origin, "ORDERS", func(c *natsjs.StreamConfig) { c.Subjects = []string{"shipped.>"} })
	})
	i := s.opens(pipeline.RuleNotCopying, "MIRROR", 30*time.Second, pipeline.CauseReconfigured)
	s.heal(func() {
		pipelinetest.UpdateStream(s.t, l.origin, "ORDERS", func(c *natsjs.StreamConfig) { c.Subjects = []string{"orders.>"} })
	})
	s.resolves(i, 30*time.Second)
	s.only()
}

func originNeverExisted(s *scene) {
	server := pipelinetest.StartServer(s.t, pipelinetest.ServerOptions{Name: "one"})
	js := server.JetStream(s.t)
	s.inject(func() {
		pipelinetest.CreateStream(s.t, js, mirrorOf(s, &natsjs.StreamSource{Name: "NOSUCH"}))
		s.watch(nil, connection(server))
	})
	i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+5*time.Second, pipeline.CauseDeleted)
	s.staysOpen(i, 5*time.Second)
	s.heal(func() {
		pipelinetest.CreateStream(s.t, js, natsjs.StreamConfig{Name: "NOSUCH", Subjects: []string{"nosuch"}})
	})
	s.resolves(i, 60*time.Second)
	s.only()
}

func ownServerGone(s *scene) {
	l := leafOf(s)
	s.inject(l.Mirror.Stop)
	i := s.opens(pipeline.RuleUnobserved, "", s.limit+2*time.Second, pipeline.CauseRoute, pipeline.CauseNotObservable)
	s.staysOpen(i, 10*time.Second)
	s.heal(func() {
		if err := l.Mirror.Start(); err != nil {
			s.t.Fatal(err)
		}
	})
	s.resolves(i, 30*time.Second)
	s.also(pipeline.RuleSeen) // a restarted mirror may be silent for longer than so short a limit
	s.only()
}
