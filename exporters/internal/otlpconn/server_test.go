package otlpconn

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is an OTLP receiver of either protocol.
type server struct {
	colmetricpb.UnimplementedMetricsServiceServer
	endpoint string
	listener *listener
	stop     func()
	// Either answers, where set.
	grpcAnswer func() (*colmetricpb.ExportMetricsServiceResponse, error)
	httpAnswer http.HandlerFunc

	mu          sync.Mutex
	names       []string // of the metrics that arrived
	headers     http.Header
	compression string
	path        string
}

// start starts a server, with TLS where config is not nil.
func start(t *testing.T, protocol string, config *tls.Config) *server {
	t.Helper()
	return startAt(t, "127.0.0.1:0", protocol, config)
}

func startAt(t *testing.T, address, protocol string, config *tls.Config) *server {
	t.Helper()
	plain, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{endpoint: "http://" + plain.Addr().String(), listener: &listener{Listener: plain}}
	if config != nil {
		s.endpoint = "https://" + plain.Addr().String()
	}
	serve, stop := s.overHTTP(config)
	if protocol == GRPC {
		serve, stop = s.overGRPC(config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := serve(); err != nil && !errors.Is(err, grpc.ErrServerStopped) && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	s.stop = sync.OnceFunc(func() {
		stop()
		<-done
	})
	t.Cleanup(s.stop)
	return s
}

func (s *server) overGRPC(config *tls.Config) (serve func() error, stop func()) {
	options := []grpc.ServerOption{grpc.StatsHandler(compressionSeen{s})}
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	g := grpc.NewServer(options...)
	colmetricpb.RegisterMetricsServiceServer(g, s)
	return func() error { return g.Serve(s.listener) }, g.Stop
}

func (s *server) overHTTP(config *tls.Config) (serve func() error, stop func()) {
	h := &http.Server{Handler: s, TLSConfig: config}
	stop = func() { _ = h.Close() }
	if config == nil {
		return func() error { return h.Serve(s.listener) }, stop
	}
	return func() error { return h.ServeTLS(s.listener, "", "") }, stop
}

func (s *server) Export(ctx context.Context, r *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	headers := http.Header{}
	for name, values := range md {
		headers[http.CanonicalHeaderKey(name)] = values
	}
	s.keep(r, headers, "")
	if s.grpcAnswer != nil {
		return s.grpcAnswer()
	}
	return &colmetricpb.ExportMetricsServiceResponse{}, nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	s.mu.Lock()
	s.compression = r.Header.Get("Content-Encoding")
	compressed := s.compression == "gzip"
	s.mu.Unlock()
	if compressed {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	text, err := io.ReadAll(body)
	var request colmetricpb.ExportMetricsServiceRequest
	if err = errors.Join(err, proto.Unmarshal(text, &request)); err != nil || r.Header.Get("Content-Type") != protobuf {
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	s.keep(&request, r.Header, r.URL.Path)
	if s.httpAnswer != nil {
		s.httpAnswer(w, r)
		return
	}
	w.Header().Set("Content-Type", protobuf)
}

func (s *server) keep(r *colmetricpb.ExportMetricsServiceRequest, headers http.Header, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers, s.path = headers, path
	for _, rm := range r.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				s.names = append(s.names, m.GetName())
			}
		}
	}
}

func (s *server) header(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.headers.Values(name), "|")
}

type compressionSeen struct{ s *server }

func (c compressionSeen) HandleRPC(_ context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InHeader); ok {
		c.s.mu.Lock()
		c.s.compression = in.Compression
		c.s.mu.Unlock()
	}
}

func (compressionSeen) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (compressionSeen) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (compressionSeen) HandleConn(context.Context, stats.ConnStats)                       {}

// listener can hang up on everybody.
type listener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, c)
		l.mu.Unlock()
	}
	return c, err
}

func (l *listener) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

// eachProtocol runs a test with each.
func eachProtocol(t *testing.T, test func(t *testing.T, protocol string)) {
	t.Helper()
	for _, protocol := range []string{GRPC, HTTP} {
		t.Run(strings.ReplaceAll(protocol, "/", " "), func(t *testing.T) { test(t, protocol) })
	}
}

// isolate takes the test's process out of any OTEL_* environment.
func isolate(t *testing.T) {
	t.Helper()
	for _, what := range []string{
		"ENDPOINT", "PROTOCOL", "HEADERS", "COMPRESSION", "TIMEOUT", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY",
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_"+what, "")
		t.Setenv("OTEL_EXPORTER_OTLP_METRICS_"+what, "")
	}
}

// dial returns a connection that the test's end closes.
func dial(t *testing.T, cfg Config) *Conn {
	t.Helper()
	target, err := cfg.Target(Metrics)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.Dial("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// send exports one metric.
func send(t *testing.T, c *Conn, options ...grpc.CallOption) (*colmetricpb.ExportMetricsServiceResponse, error) {
	t.Helper()
	return colmetricpb.NewMetricsServiceClient(c).Export(t.Context(), &colmetricpb.ExportMetricsServiceRequest{
		ResourceMetrics: []*metricpb.ResourceMetrics{{ScopeMetrics: []*metricpb.ScopeMetrics{{Metrics: []*metricpb.Metric{{Name: "m"}}}}}},
	}, options...)
}
