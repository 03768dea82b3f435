package otlpconn

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"mirrorwatch/pipeline"
)

const (
	reconnectMax   = 10 * time.Second // gRPC's own is 120 s
	connectTimeout = 5 * time.Second
	// A Collector that vanished without a word is noticed after pingAfter + pingTimeout; the kernel takes 15 minutes.
	pingAfter   = 30 * time.Second
	pingTimeout = 5 * time.Second

	maxSaid = 1000 // bytes of what an error says
)

// Target is where one signal goes, and how.
type Target struct {
	Timeout time.Duration // of a request

	signal       Signal
	protocol     string
	url          *url.URL
	compression  string
	headers      map[string]pipeline.Secret // by names in lower case
	certificates certificates
}

// Conn is a connection over which OTLP's gRPC clients call, whatever the protocol: with HTTP nothing is dialled by gRPC, and
// each call is a POST. An error carries the status that gRPC has, or that OTLP gives to the HTTP status.
type Conn struct {
	*grpc.ClientConn
	poster *poster // nil: the protocol is gRPC
}

// Dial returns a connection that is made with its first call. No call is tried again. The interceptors see calls with their
// headers. Its owner calls Close.
func (t *Target) Dial(version string, interceptors ...grpc.UnaryClientInterceptor) (*Conn, error) {
	interceptors = append([]grpc.UnaryClientInterceptor{t.sendHeaders}, interceptors...)
	agent := "mirrorwatch/" + version
	c := &Conn{}
	place, options := "dns:///"+t.url.Host, t.overGRPC(agent) // a host may be called as one of gRPC's schemes is: unix, dns
	if t.protocol == HTTP {
		c.poster = newPoster(t, agent)
		interceptors = append(interceptors, c.poster.call)
		place, options = "passthrough:///"+t.url.Host, []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	}
	conn, err := grpc.NewClient(place, append(options, grpc.WithChainUnaryInterceptor(interceptors...))...)
	if err != nil {
		return nil, fmt.Errorf("make OTLP connection for %s: %w", t.signal, err)
	}
	c.ClientConn = conn
	return c, nil
}

// Place is the endpoint as it may be shown: scheme and host.
func (t *Target) Place() string { return t.url.Scheme + "://" + t.url.Host }

// Shown is the headers as they may be shown: without their values.
func (t *Target) Shown() map[string][]string {
	all := make(map[string][]string, len(t.headers))
	for name, value := range t.headers {
		all[name] = []string{value.String()}
	}
	return all
}

// Close ends the connection; later calls fail.
func (c *Conn) Close() error {
	if c.poster != nil {
		c.poster.client.CloseIdleConnections()
	}
	return c.ClientConn.Close()
}

func (t *Target) overGRPC(agent string) []grpc.DialOption {
	secured := insecure.NewCredentials()
	if t.url.Scheme == "https" {
		secured = credentials.NewTLS(t.certificates.config())
	}
	options := []grpc.DialOption{
		grpc.WithUserAgent(agent),
		grpc.WithTransportCredentials(secured),
		grpc.WithDisableServiceConfig(), // which DNS could bring, and which could try calls again
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectMax},
			MinConnectTimeout: connectTimeout,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
	}
	if t.compression == Gzip {
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	return options
}

// sendHeaders adds the headers, and keeps their values out of what the server may say of them.
func (t *Target) sendHeaders(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	headers, _ := metadata.FromOutgoingContext(ctx)
	headers = headers.Copy()
	values := make([]string, 0, len(t.headers))
	for _, name := range slices.Sorted(maps.Keys(t.headers)) {
		value, err := t.headers[name].Reveal()
		if err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
		headers.Set(name, value)
		values = append(values, value)
	}
	return hide(call(metadata.NewOutgoingContext(ctx, headers), method, req, reply, cc, opts...), values)
}

// hide takes values out of an error's words, also without the scheme before them ("Bearer "), and cuts what is left to maxSaid.
// Values too short to be secrets stay: they would spoil any text.
func hide(err error, values []string) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	said := s.Message()
	for _, value := range values {
		_, credentials, _ := strings.Cut(value, " ")
		for _, secret := range []string{value, credentials} {
			if len(secret) >= 4 {
				said = strings.ReplaceAll(said, secret, pipeline.NewSecret(secret).String())
			}
		}
	}
	if len(said) > maxSaid {
		said = strings.ToValidUTF8(said[:maxSaid], "") + "…"
	}
	if said == s.Message() {
		return err
	}
	p := s.Proto()
	p.Message = said
	return status.ErrorProto(p)
}

// Pause returns how long the server wants to be left alone after what err tells of; false: it did not say.
func Pause(err error) (time.Duration, bool) {
	for _, detail := range status.Convert(err).Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			return retry.GetRetryDelay().AsDuration(), true
		}
	}
	return 0, false
}
