package faults

import (
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

const crossAccount = "cross-account imports"

// accounts is a server on which MIRROR, in one account, copies ORDERS of another.
type accounts struct {
	*pipelinetest.CrossAccount

	origin, mirror natsjs.JetStream
}

func accountsOf(s *scene, aggregate bool) *accounts {
	s.t.Helper()
	x := &accounts{CrossAccount: pipelinetest.StartCrossAccount(s.t, pipelinetest.CrossAccountOptions{})}
	x.origin, x.mirror = x.Origin(s.t), x.Mirror(s.t)
	pipelinetest.CreateStream(s.t, x.origin, orders())
	pipelinetest.Publish(s.t, x.origin, "orders.new", 20)
	config := mirrorOf(s, x.Source("ORDERS"))
	if aggregate {
		config.Mirror, config.Sources = nil, []*natsjs.StreamSource{config.Mirror}
	}
	pipelinetest.CreateStream(s.t, x.mirror, config)
	c := connection(x.Server)
	c.User, c.Password = pipelinetest.MirrorUser, pipeline.NewSecret(pipelinetest.MirrorUser)
	s.watch([]string{"MIRROR"}, c)
	return x
}

func accountFaults() []fault {
	return []fault{
		{name: "flow control not imported, under load", topology: crossAccount, limit: 60 * time.Second, run: flowControlGone},
		{name: "delivery not imported, mirror", topology: crossAccount, limit: 20 * time.Second, run: deliveryGone(false)},
		{name: "delivery not imported, source", topology: crossAccount, limit: 20 * time.Second, slow: true, run: deliveryGone(true)},
		{name: "agent's password wrong after a reconnect", topology: crossAccount, limit: 10 * time.Second, run: passwordWrong},
		{name: "account storage limit", topology: "one server", limit: 60 * time.Second, slow: true, run: storageLimit},
	}
}

func flowControlGone(s *scene) {
	x := accountsOf(s, false)
	s.inject(func() { x.Reload(s.t, pipelinetest.CrossAccountOptions{WithoutFlowControl: true}) })
	stop := pipelinetest.Load(s.t, x.origin, "orders.new", 3000)
	i := s.opens(pipeline.RuleNotCopying, "MIRROR", 30*time.Second, pipeline.CauseFlowControl)
	s.plain(x.Server, pipelinetest.MirrorUser)
	s.staysOpen(i, 10*time.Second)
	stop()
	s.heal(func() { x.Reload(s.t, pipelinetest.CrossAccountOptions{}) })
	s.resolves(i, 120*time.Second)
	s.also(pipeline.RuleSeen)
	s.only()
}

func deliveryGone(aggregate bool) func(*scene) {
	return func(s *scene) {
		x := accountsOf(s, aggregate)
		s.inject(func() { x.Reload(s.t, pipelinetest.CrossAccountOptions{WithoutDelivery: true}) })
		i := s.opens(pipeline.RuleSeen, "MIRROR", s.limit+12*time.Second, pipeline.CauseDelivery)
		s.staysOpen(i, 40*time.Second)
		s.heal(func() { x.Reload(s.t, pipelinetest.CrossAccountOptions{}) })
		s.resolves(i, 60*time.Second)
		s.only()
	}
}

func passwordWrong(s *scene) {
	const before = `accounts: {A: {jetstream: enabled, users: [{user: a, password: a}, {user: agent, password: agent}]}}`
	const after = `accounts: {A: {jetstream: enabled, users: [{user: a, password: a}, {user: agent, password: other}]}}`
	server := pipelinetest.StartServer(s.t, pipelinetest.ServerOptions{Name: "one", Config: before})
	js := server.JetStream(s.t, pipelinetest.User("a"))
	pipelinetest.CreateStream(s.t, js, orders())
	pipelinetest.CreateStream(s.t, js, mirrorOf(s, &natsjs.StreamSource{Name: "ORDERS"}))
	s.watch([]string{"MIRROR"}, jetstream.Config{
		Name: "dr", URL: jetstream.URLs(server.URL()), User: "agent", Password: pipeline.NewSecret("agent"),
	})
	use := func(config string) func() {
		return func() {
			if err := server.Reload(func(o *pipelinetest.ServerOptions) { o.Config = config }); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	s.inject(use(after))
	i := s.opens(pipeline.RuleUnobserved, "", s.limit+2*time.Second, pipeline.CausePermission)
	s.heal(use(before))
	s.resolves(i, 30*time.Second)
	s.only()
}

func storageLimit(s *scene) {
	const config = `accounts: {
		O: {jetstream: enabled, users: [{user: o, password: o}], exports: [{service: "$JS.API.>"}, {service: "$JS.FC.>"}, {stream: "deliver.>"}]}
		M: {jetstream: {max_file: 20000}, users: [{user: m, password: m}], imports: [
			{service: {account: O, subject: "$JS.API.>"}, to: "JS.o.API.>"}, {service: {account: O, subject: "$JS.FC.>"}}, {stream: {account: O, subject: "deliver.>"}}]}
	}`
	server := pipelinetest.StartServer(s.t, pipelinetest.ServerOptions{Name: "one", Config: config})
	origin, mirror := server.JetStream(s.t, pipelinetest.User("o")), server.JetStream(s.t, pipelinetest.User("m"))
	pipelinetest.CreateStream(s.t, origin, orders())
	pipelinetest.CreateStream(s.t, mirror, mirrorOf(s, &natsjs.StreamSource{
		Name: "ORDERS", External: &natsjs.ExternalStream{APIPrefix: "JS.o.API", DeliverPrefix: "deliver.m"},
	}))
	c := connection(server)
	c.User, c.Password = "m", pipeline.NewSecret("m")
	s.watch([]string{"MIRROR"}, c)
	stop := func() {}
	s.inject(func() { stop = pipelinetest.Load(s.t, origin, "orders.new", 200) })
	i := s.opens(pipeline.RuleNotCopying, "MIRROR", 40*time.Second, pipeline.CauseFull)
	stop()
	s.staysOpen(i, 10*time.Second)
	s.also(pipeline.RuleSeen)
	s.only()
}
