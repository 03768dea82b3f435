// Package stage is what stories about mirrorwatch are told on, by commands and without a test: two embedded NATS servers, a mirror
// whose link to its origin breaks, and an agent.
package stage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// The streams, and the limit of the mirror.
const (
	Origin = "ORDERS"
	Mirror = "ORDERS_MIRROR"
	Limit  = 10 * time.Second
)

const subject = "orders.new"

// Stage is a hub with the origin, to which five messages a second are published, and a leaf with its mirror, joined by a leafnode
// connection. Each server has a SystemUser.
type Stage struct {
	Hub  *pipelinetest.Server
	Leaf *pipelinetest.Server
	Link *pipelinetest.Link // between them

	HubClient, LeafClient *nats.Conn // which outlive restarts of their servers

	stop  func()        // ends the publisher
	quiet chan struct{} // closed when it ended
}

// Build starts servers, with their data in dir, makes the streams, and publishes until ctx ends, or Close. On an error nothing is
// left running.
func Build(ctx context.Context, dir string) (_ *Stage, err error) {
	s := &Stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.Hub = pipelinetest.NewServer(pipelinetest.ServerOptions{
		Name: "hub", Domain: pipelinetest.HubDomain, StoreDir: filepath.Join(dir, "hub"), Leafnodes: true, SystemUser: true,
	})
	if err := s.Hub.Start(); err != nil {
		return nil, err
	}
	if s.Link, err = pipelinetest.NewLink(s.Hub.LeafnodeAddr()); err != nil {
		return nil, err
	}
	s.Leaf = pipelinetest.NewServer(pipelinetest.ServerOptions{
		Name: "leaf", Domain: pipelinetest.LeafDomain, StoreDir: filepath.Join(dir, "leaf"), Remotes: []string{s.Link.Addr()}, SystemUser: true,
	})
	if err := s.Leaf.Start(); err != nil {
		return nil, err
	}
	if s.HubClient, err = connect(s.Hub); err != nil {
		return nil, err
	}
	if s.LeafClient, err = connect(s.Leaf); err != nil {
		return nil, err
	}
	if err := s.createStreams(ctx); err != nil {
		return nil, err
	}
	publishing, stop := context.WithCancel(ctx)
	s.stop, s.quiet = stop, make(chan struct{})
	go s.publish(publishing)
	return s, nil
}

func connect(server *pipelinetest.Server) (*nats.Conn, error) {
	c, err := nats.Connect(server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", server.Name(), err)
	}
	return c, nil
}

func (s *Stage) createStreams(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	create := func(at *nats.Conn, config jetstream.StreamConfig) error {
		js, err := jetstream.New(at)
		if err == nil {
			_, err = js.CreateStream(ctx, config)
		}
		if err != nil {
			return fmt.Errorf("create %s: %w", config.Name, err)
		}
		return nil
	}
	if err := create(s.HubClient, jetstream.StreamConfig{Name: Origin, Subjects: []string{subject}}); err != nil {
		return err
	}
	return create(s.LeafClient, jetstream.StreamConfig{
		Name: Mirror,
		Mirror: &jetstream.StreamSource{
			Name: Origin, External: &jetstream.ExternalStream{APIPrefix: pipelinetest.APIPrefix(pipelinetest.HubDomain)},
		},
		Metadata: map[string]string{pipeline.MetadataPrefix + "seen-critical": fmt.Sprint(Limit.Seconds())},
	})
}

func (s *Stage) publish(ctx context.Context) {
	defer close(s.quiet)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = s.HubClient.Publish(subject, fmt.Appendf(nil, "order %d", n)) // the next one is due soon
		}
	}
}

// Close ends everything. Agents have ended before.
func (s *Stage) Close() error {
	if s.stop != nil {
		s.stop()
		<-s.quiet
	}
	for _, c := range []*nats.Conn{s.LeafClient, s.HubClient} {
		if c != nil {
			c.Close()
		}
	}
	if s.Leaf != nil {
		s.Leaf.Stop()
	}
	var err error
	if s.Link != nil {
		err = s.Link.Close()
	}
	if s.Hub != nil {
		s.Hub.Stop()
	}
	return err
}
