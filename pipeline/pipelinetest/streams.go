package pipelinetest

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// requestTimeout bounds each request that a test makes of a server.
const requestTimeout = 10 * time.Second

// APIPrefix is the API prefix under which the JetStream of a domain is reached: "$JS.hub.API".
func APIPrefix(domain string) string { return "$JS." + domain + ".API" }

// Connect returns a client connection that outlives restarts of the server and ends with the test.
func (s *Server) Connect(t testing.TB, options ...nats.Option) *nats.Conn {
	t.Helper()
	defaults := []nats.Option{nats.Name("test"), nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond)}
	nc, err := nats.Connect(s.URL(), append(defaults, options...)...)
	if err != nil {
		t.Fatalf("connect to %s: %v", s.options.Name, err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// JetStream returns JetStream over a connection of its own, as Connect makes it.
func (s *Server) JetStream(t testing.TB, options ...nats.Option) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(s.Connect(t, options...))
	if err != nil {
		t.Fatalf("use JetStream of %s: %v", s.options.Name, err)
	}
	return js
}

// CreateStream creates a stream.
func CreateStream(t testing.TB, js jetstream.JetStream, config jetstream.StreamConfig) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	if _, err := js.CreateStream(ctx, config); err != nil {
		t.Fatalf("create stream %s: %v", config.Name, err)
	}
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

// SetMetadata replaces a stream's metadata; the server keeps its own keys.
func SetMetadata(t testing.TB, js jetstream.JetStream, stream string, metadata map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	config := StreamInfo(t, js, stream).Config
	config.Metadata = metadata
	if _, err := js.UpdateStream(ctx, config); err != nil {
		t.Fatalf("set metadata of stream %s: %v", stream, err)
	}
}

// DeleteStream deletes a stream.
func DeleteStream(t testing.TB, js jetstream.JetStream, stream string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	if err := js.DeleteStream(ctx, stream); err != nil {
		t.Fatalf("delete stream %s: %v", stream, err)
	}
}

// Publish publishes n messages, each acknowledged by its stream.
func Publish(t testing.TB, js jetstream.JetStream, subject string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	for range n {
		if _, err := js.Publish(ctx, subject, []byte("message")); err != nil {
			t.Fatalf("publish to %s: %v", subject, err)
		}
	}
}

// StreamInfo asks for a stream's STREAM.INFO.
func StreamInfo(t testing.TB, js jetstream.JetStream, stream string) *jetstream.StreamInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		t.Fatalf("look at stream %s: %v", stream, err)
	}
	return s.CachedInfo()
}

// Copied tells whether a stream holds at least the sequence last.
func Copied(t testing.TB, js jetstream.JetStream, stream string, last uint64) bool {
	t.Helper()
	return StreamInfo(t, js, stream).State.LastSeq >= last
}
