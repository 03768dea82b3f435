package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	source "mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// The streams of the story, and the limit of the mirror.
const (
	origin  = "ORDERS"
	mirror  = "ORDERS_MIRROR"
	subject = "orders.new"
	limit   = 10 * time.Second
)

const signingSecret = "whsec_bWlycm9yd2F0Y2gtZGVtby1zaWduaW5nLXNlY3JldA=="

// stage is what the story is played on.
type stage struct {
	dir      string
	hub      *pipelinetest.Server // the origin's
	leaf     *pipelinetest.Server // the mirror's, and the agent's
	link     *pipelinetest.Link   // between them
	receiver *receiver
	hubConn  *nats.Conn
	leafConn *nats.Conn
	api      string        // of the agent
	ended    chan error    // what the agent's Run returned
	stop     func()        // ends agent and publisher
	quiet    chan struct{} // closed when the publisher ended
}

// build starts servers, streams, publisher, receiver and agent.
func build(ctx context.Context, log *slog.Logger) (s *stage, err error) {
	s = &stage{ended: make(chan error, 1), quiet: make(chan struct{})}
	playing, stop := context.WithCancel(ctx)
	s.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "mirrorwatch-demo-"); err != nil {
		return s, fmt.Errorf("make a folder: %w", err)
	}
	if err = s.startServers(); err != nil {
		return s, err
	}
	if err = s.createStreams(ctx); err != nil {
		return s, err
	}
	if s.receiver, err = startReceiver(signingSecret); err != nil {
		return s, err
	}
	go s.publish(playing)
	return s, s.startAgent(playing, log)
}

func (s *stage) startServers() (err error) {
	s.hub = pipelinetest.NewServer(pipelinetest.ServerOptions{
		Name: "hub", Domain: pipelinetest.HubDomain, StoreDir: filepath.Join(s.dir, "hub"), Leafnodes: true,
	})
	if err = s.hub.Start(); err != nil {
		return err
	}
	if s.link, err = pipelinetest.NewLink(s.hub.LeafnodeAddr()); err != nil {
		return err
	}
	s.leaf = pipelinetest.NewServer(pipelinetest.ServerOptions{
		Name: "leaf", Domain: pipelinetest.LeafDomain, StoreDir: filepath.Join(s.dir, "leaf"), Remotes: []string{s.link.Addr()},
	})
	if err = s.leaf.Start(); err != nil {
		return err
	}
	if s.hubConn, err = connect(s.hub); err != nil {
		return err
	}
	s.leafConn, err = connect(s.leaf)
	return err
}

func connect(server *pipelinetest.Server) (*nats.Conn, error) {
	c, err := nats.Connect(server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", server.URL(), err)
	}
	return c, nil
}

func (s *stage) createStreams(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	hub, err := jetstream.New(s.hubConn)
	if err != nil {
		return fmt.Errorf("use JetStream of hub: %w", err)
	}
	if _, err = hub.CreateStream(ctx, jetstream.StreamConfig{Name: origin, Subjects: []string{subject}}); err != nil {
		return fmt.Errorf("create %s: %w", origin, err)
	}
	leaf, err := jetstream.New(s.leafConn)
	if err != nil {
		return fmt.Errorf("use JetStream of leaf: %w", err)
	}
	_, err = leaf.CreateStream(ctx, jetstream.StreamConfig{
		Name: mirror,
		Mirror: &jetstream.StreamSource{
			Name: origin, External: &jetstream.ExternalStream{APIPrefix: pipelinetest.APIPrefix(pipelinetest.HubDomain)},
		},
		Metadata: map[string]string{pipeline.MetadataPrefix + "seen-critical": fmt.Sprint(limit.Seconds())},
	})
	if err != nil {
		return fmt.Errorf("create %s: %w", mirror, err)
	}
	return nil
}

// publish publishes five messages a second to the origin until ctx ends.
func (s *stage) publish(ctx context.Context) {
	defer close(s.quiet)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = s.hubConn.Publish(subject, fmt.Appendf(nil, "order %d", n))
		}
	}
}

func (s *stage) startAgent(ctx context.Context, log *slog.Logger) error {
	config := agent.DefaultConfig()
	config.Connections = []source.Config{{Name: "leaf", URL: source.URLs(s.leaf.URL())}}
	config.DataDir = filepath.Join(s.dir, "data")
	config.HTTP.Address = "127.0.0.1:0"
	route := agent.DefaultRoute()
	route.Receivers, route.GroupBy = agent.OneOrMore{"pager"}, pipeline.DefaultGroupBy()
	route.GroupWait, route.GroupInterval = 0, 0 // there is one mirror here: nothing to wait for
	config.Routes = []agent.RouteConfig{route}
	config.Exporters.Webhook = []webhook.Config{{
		Name: "pager", URL: pipeline.NewSecret(s.receiver.url()), SigningSecret: pipeline.NewSecret(signingSecret),
	}}
	listening := make(chan net.Addr, 1)
	go func() {
		s.ended <- agent.Run(ctx, agent.Options{Config: config, Log: log, Listening: func(a net.Addr) { listening <- a }})
	}()
	select {
	case addr := <-listening:
		s.api = "http://" + addr.String()
		return nil
	case err := <-s.ended:
		s.ended <- nil
		return fmt.Errorf("start the agent: %w", err)
	}
}

// close ends everything, the agent first.
func (s *stage) close() error {
	s.stop()
	var err error
	if s.api != "" {
		err = <-s.ended
		<-s.quiet
	}
	if s.receiver != nil {
		err = errors.Join(err, s.receiver.close())
	}
	for _, c := range []*nats.Conn{s.leafConn, s.hubConn} {
		if c != nil {
			c.Close()
		}
	}
	if s.leaf != nil {
		s.leaf.Stop()
	}
	if s.link != nil {
		err = errors.Join(err, s.link.Close())
	}
	if s.hub != nil {
		s.hub.Stop()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
