package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorwatch/agent"
	"mirrorwatch/agent/stage"
	"mirrorwatch/exporters/otlp"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	source "mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// play is what is watched, and the agent: a hub with the origin and a leaf with its mirror behind a link that breaks, and two
// servers joined by a gateway.
type play struct {
	*stage.Stage
	gateways []*pipelinetest.Server
	pager    net.Listener
	away     string // address of a receiver that is not there
	page     string // the agent's /metrics
	agent    *stage.Agent
}

// build starts servers, streams, receiver and the agent, which also exports to an OTLP endpoint unless that is empty.
func build(ctx context.Context, dir, endpoint string) (_ *play, err error) {
	p := &play{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.Stage, err = stage.Build(ctx, dir); err != nil {
		return nil, err
	}
	if err := p.join(dir); err != nil {
		return nil, err
	}
	if err := p.receive(); err != nil {
		return nil, err
	}
	return p, p.watch(ctx, dir, endpoint)
}

// join starts two servers without JetStream that are joined by a gateway.
func (p *play) join(dir string) error {
	serve := func(name string, to ...*server.RemoteGatewayOpts) error {
		one := pipelinetest.NewServer(pipelinetest.ServerOptions{
			Name: name, StoreDir: filepath.Join(dir, name), SystemUser: true,
			Configure: func(o *server.Options) {
				o.JetStream = false
				o.Gateway = server.GatewayOpts{Name: name, Host: "127.0.0.1", Port: server.RANDOM_PORT, Gateways: to}
			},
		})
		p.gateways = append(p.gateways, one)
		return one.Start()
	}
	if err := serve("east"); err != nil {
		return err
	}
	at := server.RoutesFromStr("nats://" + p.gateways[0].NATS().GatewayAddr().String())
	return serve("west", &server.RemoteGatewayOpts{Name: "east", URLs: at})
}

// receive takes whatever is posted, and finds an address where nobody does.
func (p *play) receive() (err error) {
	if p.pager, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("listen for pages: %w", err)
	}
	go func() {
		_ = (&http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}).Serve(p.pager)
	}()
	p.away, err = freeAddress()
	return err
}

// watch starts the agent.
func (p *play) watch(ctx context.Context, dir, endpoint string) (err error) {
	config := agent.DefaultConfig()
	none := source.Streams{Exclude: []string{"*"}}
	system := func(name string, of *pipelinetest.Server) source.Config {
		return source.Config{
			Name: name, URL: source.URLs(of.URL()), Scope: "system", User: pipelinetest.SystemUser,
			Password: pipeline.NewSecret(pipelinetest.SystemPassword), Streams: none,
		}
	}
	config.Connections = []source.Config{
		{Name: "leaf", URL: source.URLs(p.Leaf.URL()), Origins: []string{"hub"}},
		{Name: "hub", URL: source.URLs(p.Hub.URL())},
		{Name: "alone", URL: source.URLs(p.Leaf.URL())}, // its looks at the origin fail while the link is cut
		system("leafnodes", p.Leaf), system("gateways", p.gateways[1]),
	}
	config.DataDir, config.HTTP.Address = filepath.Join(dir, "data"), "127.0.0.1:0"
	config.Exporters.Webhook = []webhook.Config{
		{Name: "pager", URL: pipeline.NewSecret("http://" + p.pager.Addr().String())},
		{Name: "away", URL: pipeline.NewSecret("http://" + p.away)},
	}
	if endpoint != "" {
		o := otlp.Default()
		o.Endpoint, o.Interval = endpoint, time.Second
		config.Exporters.OTLP = &o
	}
	if p.agent, err = stage.StartAgent(ctx, config, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	p.page = p.agent.API + "/metrics"
	return nil
}

// endAgent ends the agent.
func (p *play) endAgent() {
	if p.agent != nil {
		_ = p.agent.End() // that something was undelivered, as the one receiver is away
		p.agent = nil
	}
}

// close ends everything, the agent first.
func (p *play) close() {
	p.endAgent()
	if p.pager != nil {
		_ = p.pager.Close() // nobody calls it any more, as is with the rest
	}
	for _, one := range p.gateways {
		one.Stop()
	}
	if p.Stage != nil {
		_ = p.Close()
	}
}
