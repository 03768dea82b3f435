package pipelinetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// APIPrefix is the API prefix under which the JetStream of a domain is reached: "$JS.hub.API".
func APIPrefix(domain string) string { return "$JS." + domain + ".API" }

// Connect returns a client connection that outlives restarts of the server, goes to no other one of its cluster, and
// ends with the test.
func (s *Server) Connect(t testing.TB, options ...nats.Option) *nats.Conn {
	t.Helper()
	return connect(t, s.Name(), s.URL(), append([]nats.Option{nats.IgnoreDiscoveredServers()}, options...))
}

func connect(t testing.TB, name, url string, options []nats.Option) *nats.Conn {
	t.Helper()
	defaults := []nats.Option{nats.Name("test"), nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond)}
	nc, err := nats.Connect(url, append(defaults, options...)...)
	if err != nil {
		t.Fatalf("connect to %s: %v", name, err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// User is the option of a client that connects as a user whose password is its name.
func User(name string) nats.Option { return nats.UserInfo(name, name) }

// System returns a client connection of the system account, as Connect makes it, to a server with
// ServerOptions.SystemUser.
func (s *Server) System(t testing.TB, options ...nats.Option) *nats.Conn {
	t.Helper()
	return s.Connect(t, append([]nats.Option{nats.UserInfo(SystemUser, SystemPassword)}, options...)...)
}

// JetStream returns JetStream over a connection of its own, as Connect makes it.
func (s *Server) JetStream(t testing.TB, options ...nats.Option) jetstream.JetStream {
	t.Helper()
	return newJetStream(t, s.Name(), s.Connect(t, options...))
}

func newJetStream(t testing.TB, name string, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatalf("use JetStream of %s: %v", name, err)
	}
	return js
}

// CreateStream creates a stream.
func CreateStream(t testing.TB, js jetstream.JetStream, config jetstream.StreamConfig) {
	t.Helper()
	request(t, "create stream "+config.Name, func(ctx context.Context) error {
		_, err := js.CreateStream(ctx, config)
		return err
	})
}

// CreateMirror creates a mirror of origin; via is the API prefix that leads to it, empty where both live together.
func CreateMirror(t testing.TB, js jetstream.JetStream, name, origin, via string, metadata map[string]string) {
	t.Helper()
	source := &jetstream.StreamSource{Name: origin}
	if via != "" {
		source.External = &jetstream.ExternalStream{APIPrefix: via}
	}
	CreateStream(t, js, jetstream.StreamConfig{Name: name, Mirror: source, Metadata: metadata})
}

// DeleteStream deletes a stream.
func DeleteStream(t testing.TB, js jetstream.JetStream, stream string) {
	t.Helper()
	asked := false
	request(t, "delete stream "+stream, func(ctx context.Context) error {
		err := js.DeleteStream(ctx, stream)
		if asked && errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil
		}
		asked = true
		return err
	})
}

// Publish publishes n messages, each acknowledged by its stream.
func Publish(t testing.TB, js jetstream.JetStream, subject string, n int) {
	t.Helper()
	for range n {
		ctx, cancel := context.WithTimeout(t.Context(), requestTimeout) // each: a busy machine takes its time
		// A leader that was elected just now may not listen yet.
		_, err := js.Publish(ctx, subject, []byte("message"), jetstream.WithRetryAttempts(20))
		cancel()
		if err != nil {
			t.Fatalf("publish to %s: %v", subject, err)
		}
	}
}

// StreamInfo asks for a stream's STREAM.INFO.
func StreamInfo(t testing.TB, js jetstream.JetStream, stream string) *jetstream.StreamInfo {
	t.Helper()
	var info *jetstream.StreamInfo
	request(t, "look at stream "+stream, func(ctx context.Context) error {
		s, err := js.Stream(ctx, stream)
		if err == nil {
			info = s.CachedInfo()
		}
		return err
	})
	return info
}

// LookAt asks for a stream's STREAM.INFO, and returns nil where no answer comes in a second, or an error does: while
// something is broken, that need not fail a test.
func LookAt(t testing.TB, js jetstream.JetStream, stream string) *jetstream.StreamInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), monitorTimeout)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return nil
	}
	return s.CachedInfo()
}

// Copied tells whether a stream holds at least the sequence last.
func Copied(t testing.TB, js jetstream.JetStream, stream string, last uint64) bool {
	t.Helper()
	return StreamInfo(t, js, stream).State.LastSeq >= last
}
