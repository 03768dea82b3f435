package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent"
	"mirrorwatch/exporters/otlp"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	source "mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// The streams, and the limit of the mirror.
const (
	origin  = "ORDERS"
	mirror  = "ORDERS_MIRROR"
	subject = "orders.new"
	limit   = 10 * time.Second
)

// stage is what is watched, and the agent: a hub with the origin, a leaf with its mirror behind a link that breaks, and two
// servers joined by a gateway.
type stage struct {
	dir     string
	servers []*pipelinetest.Server
	link    *pipelinetest.Link
	conns   []*nats.Conn
	pager   net.Listener
	away    string        // address of a receiver that is not there
	page    string        // the agent's /metrics
	ended   chan error    // what the agent's Run returned
	stop    func()        // ends agent and publisher
	quiet   chan struct{} // closed when the publisher ended
}

// build starts servers, streams, publisher, receiver and the agent, which also exports to an OTLP endpoint unless that is empty.
func build(ctx context.Context, dir, endpoint string) (s *stage, err error) {
	playing, stop := context.WithCancel(ctx)
	s = &stage{dir: dir, stop: stop}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	hub, err := s.serve(pipelinetest.ServerOptions{Name: "hub", Domain: pipelinetest.HubDomain, Leafnodes: true})
	if err != nil {
		return s, err
	}
	if s.link, err = pipelinetest.NewLink(hub.LeafnodeAddr()); err != nil {
		return s, err
	}
	leaf, err := s.serve(pipelinetest.ServerOptions{
		Name: "leaf", Domain: pipelinetest.LeafDomain, Remotes: []string{s.link.Addr()}, SystemUser: true,
	})
	if err != nil {
		return s, err
	}
	west, err := s.gateways()
	if err != nil {
		return s, err
	}
	if err := s.createStreams(ctx, hub, leaf); err != nil {
		return s, err
	}
	if err := s.receive(); err != nil {
		return s, err
	}
	s.quiet = make(chan struct{})
	go s.publish(playing)
	return s, s.watch(playing, endpoint, hub, leaf, west)
}

func (s *stage) serve(o pipelinetest.ServerOptions) (*pipelinetest.Server, error) {
	o.StoreDir = filepath.Join(s.dir, o.Name)
	one := pipelinetest.NewServer(o)
	s.servers = append(s.servers, one)
	return one, one.Start()
}

// gateways starts two servers without JetStream that are joined by a gateway, and returns one of them.
func (s *stage) gateways() (*pipelinetest.Server, error) {
	gateway := func(name string, to ...*server.RemoteGatewayOpts) pipelinetest.ServerOptions {
		return pipelinetest.ServerOptions{Name: name, SystemUser: true, Configure: func(o *server.Options) {
			o.JetStream = false
			o.Gateway = server.GatewayOpts{Name: name, Host: "127.0.0.1", Port: server.RANDOM_PORT, Gateways: to}
		}}
	}
	east, err := s.serve(gateway("east"))
	if err != nil {
		return nil, err
	}
	at := server.RoutesFromStr("nats://" + east.NATS().GatewayAddr().String())
	return s.serve(gateway("west", &server.RemoteGatewayOpts{Name: "east", URLs: at}))
}

func (s *stage) createStreams(ctx context.Context, hub, leaf *pipelinetest.Server) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	create := func(at *pipelinetest.Server, config jetstream.StreamConfig) error {
		c, err := nats.Connect(at.URL(), nats.MaxReconnects(-1))
		if err != nil {
			return fmt.Errorf("connect to %s: %w", at.Name(), err)
		}
		s.conns = append(s.conns, c)
		js, err := jetstream.New(c)
		if err == nil {
			_, err = js.CreateStream(ctx, config)
		}
		if err != nil {
			return fmt.Errorf("create %s: %w", config.Name, err)
		}
		return nil
	}
	return errors.Join(
		create(hub, jetstream.StreamConfig{Name: origin, Subjects: []string{subject}}),
		create(leaf, jetstream.StreamConfig{
			Name: mirror,
			Mirror: &jetstream.StreamSource{
				Name: origin, External: &jetstream.ExternalStream{APIPrefix: pipelinetest.APIPrefix(pipelinetest.HubDomain)},
			},
			Metadata: map[string]string{pipeline.MetadataPrefix + "seen-critical": limit.String()},
		}))
}

// publish publishes five messages a second to the origin until ctx ends.
func (s *stage) publish(ctx context.Context) {
	defer close(s.quiet)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = s.conns[0].Publish(subject, []byte("order")) // the hub's
		}
	}
}

// receive takes whatever is posted, and finds an address where nobody does.
func (s *stage) receive() (err error) {
	if s.pager, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("listen for pages: %w", err)
	}
	go func() {
		_ = (&http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}).Serve(s.pager)
	}()
	s.away, err = freeAddress()
	return err
}

// watch starts the agent, and returns once it serves HTTP.
func (s *stage) watch(ctx context.Context, endpoint string, hub, leaf, west *pipelinetest.Server) error {
	config := agent.DefaultConfig()
	none := source.Streams{Exclude: []string{"*"}}
	system := func(name string, of *pipelinetest.Server) source.Config {
		return source.Config{
			Name: name, URL: source.URLs(of.URL()), Scope: "system", User: pipelinetest.SystemUser,
			Password: pipeline.NewSecret(pipelinetest.SystemPassword), Streams: none,
		}
	}
	config.Connections = []source.Config{
		{Name: "leaf", URL: source.URLs(leaf.URL()), Origins: []string{"hub"}},
		{Name: "hub", URL: source.URLs(hub.URL())},
		{Name: "alone", URL: source.URLs(leaf.URL())}, // its looks at the origin fail while the link is cut
		system("leafnodes", leaf), system("gateways", west),
	}
	config.DataDir, config.HTTP.Address = filepath.Join(s.dir, "data"), "127.0.0.1:0"
	config.Exporters.Webhook = []webhook.Config{
		{Name: "pager", URL: pipeline.NewSecret("http://" + s.pager.Addr().String())},
		{Name: "away", URL: pipeline.NewSecret("http://" + s.away)},
	}
	if endpoint != "" {
		o := otlp.Default()
		o.Endpoint, o.Interval = endpoint, time.Second
		config.Exporters.OTLP = &o
	}
	listening := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, agent.Options{
			Config: config, Log: slog.New(slog.DiscardHandler), Listening: func(a net.Addr) { listening <- a },
		})
	}()
	select {
	case at := <-listening:
		s.page, s.ended = "http://"+at.String()+"/metrics", ended
		return nil
	case err := <-ended:
		return fmt.Errorf("start the agent: %w", err)
	}
}

// endAgent ends the agent, and the publisher with it.
func (s *stage) endAgent() {
	s.stop()
	if s.ended != nil {
		<-s.ended // that something was undelivered, as the one receiver is away
		s.ended = nil
	}
	if s.quiet != nil {
		<-s.quiet
	}
}

// close ends everything, the agent first.
func (s *stage) close() {
	s.endAgent()
	if s.pager != nil {
		_ = s.pager.Close() // nobody calls it any more, as is with the rest
	}
	for _, c := range s.conns {
		c.Close()
	}
	for _, one := range s.servers {
		one.Stop()
	}
	if s.link != nil {
		_ = s.link.Close()
	}
}
