package otlp

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is an OTLP receiver of either protocol, with gRPC's default receive limit of 4 MiB, as the Collector has it.
type collector struct {
	colmetricpb.UnimplementedMetricsServiceServer
	endpoint string
	protocol string
	// answer, where set, decides; its request is kept whatever it says.
	answer func(context.Context, *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error)

	forget   bool // keep no request: their memory is what large tests take
	mu       sync.Mutex
	requests []*colmetricpb.ExportMetricsServiceRequest
	arrived  chan struct{}
	traces   spans
}

func startCollector(t testing.TB) *collector {
	t.Helper()
	return startCollectorOf(t, otlpconn.GRPC)
}

func startCollectorOf(t testing.TB, protocol string) *collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{endpoint: "http://" + listener.Addr().String(), protocol: protocol, arrived: make(chan struct{}, 1000)}
	overHTTP, overGRPC := &http.Server{Handler: c}, grpc.NewServer()
	colmetricpb.RegisterMetricsServiceServer(overGRPC, c)
	coltracepb.RegisterTraceServiceServer(overGRPC, &c.traces)
	serve, stop := overGRPC.Serve, overGRPC.Stop
	if protocol == otlpconn.HTTP {
		serve, stop = overHTTP.Serve, func() { _ = overHTTP.Close() }
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return c
}

// eachProtocol runs a test with a collector of each.
func eachProtocol(t *testing.T, test func(t *testing.T, c *collector)) {
	t.Helper()
	for _, protocol := range []string{otlpconn.GRPC, otlpconn.HTTP} {
		t.Run(strings.ReplaceAll(protocol, "/", " "), func(t *testing.T) { test(t, startCollectorOf(t, protocol)) })
	}
}

// ServeHTTP is Export over HTTP.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, err := io.ReadAll(unpacked)
	if err != nil || len(text) > 4<<20 {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if r.URL.Path == "/v1/traces" {
		var request coltracepb.ExportTraceServiceRequest
		if err := proto.Unmarshal(text, &request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = c.traces.Export(r.Context(), &request)
		return
	}
	var request colmetricpb.ExportMetricsServiceRequest
	if err := proto.Unmarshal(text, &request); err != nil || r.URL.Path != "/v1/metrics" {
		http.Error(w, "not metrics", http.StatusBadRequest)
		return
	}
	response, err := c.Export(r.Context(), &request)
	if err != nil {
		code := http.StatusInternalServerError
		switch status.Code(err) {
		case codes.Unavailable:
			code = http.StatusServiceUnavailable
		case codes.InvalidArgument:
			code = http.StatusBadRequest
		}
		http.Error(w, err.Error(), code)
		return
	}
	text, err = proto.Marshal(response)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(text)
}

func (c *collector) Export(ctx context.Context, r *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	if !c.forget {
		c.requests = append(c.requests, r)
	}
	c.mu.Unlock()
	c.arrived <- struct{}{}
	if c.answer != nil {
		return c.answer(ctx, r)
	}
	return &colmetricpb.ExportMetricsServiceResponse{}, nil
}

// take returns the requests since the last call.
func (c *collector) take() []*colmetricpb.ExportMetricsServiceRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := c.requests
	c.requests = nil
	return requests
}

// point is one data point as it arrived.
type point struct {
	attributes  map[string]string
	value       float64
	start, time time.Time
}

// pointsIn gathers the number data points of all requests by metric.
func pointsIn(requests []*colmetricpb.ExportMetricsServiceRequest) map[string][]point {
	all := map[string][]point{}
	for _, m := range metricsIn(requests) {
		numbers := m.GetGauge().GetDataPoints()
		if m.GetSum() != nil {
			numbers = m.GetSum().GetDataPoints()
		}
		for _, n := range numbers {
			p := point{
				attributes: attributesIn(n.GetAttributes()), value: n.GetAsDouble(),
				start: time.Unix(0, int64(n.GetStartTimeUnixNano())), time: time.Unix(0, int64(n.GetTimeUnixNano())),
			}
			if i, ok := n.GetValue().(*metricpb.NumberDataPoint_AsInt); ok {
				p.value = float64(i.AsInt)
			}
			all[m.GetName()] = append(all[m.GetName()], p)
		}
	}
	return all
}

func metricsIn(requests []*colmetricpb.ExportMetricsServiceRequest) []*metricpb.Metric {
	var all []*metricpb.Metric
	for _, r := range requests {
		for _, rm := range r.GetResourceMetrics() {
			for _, sm := range rm.GetScopeMetrics() {
				all = append(all, sm.GetMetrics()...)
			}
		}
	}
	return all
}

func attributesIn(list []*commonpb.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range list {
		all[kv.GetKey()] = kv.GetValue().GetStringValue()
	}
	return all
}

// isolate takes the test's process out of any OTEL_* environment.
func isolate(t testing.TB) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
}

// open returns an exporter that the test's end shuts down.
func open(t testing.TB, cfg Config, own Own, log *slog.Logger) *Exporter {
	t.Helper()
	e, err := New(t.Context(), cfg, "1.2.3", own, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

func configFor(c *collector) Config {
	cfg := Default()
	cfg.Endpoint, cfg.Protocol = c.endpoint, c.protocol
	return cfg
}

// mirror is a healthy link of a stream.
func mirror(stream string, now time.Time) pipeline.LinkStatus {
	return pipeline.LinkStatus{
		Subject: pipeline.Subject{
			StreamKey: pipeline.StreamKey{Connection: "dr", Stream: stream},
			Kind:      pipeline.KindMirror, Origin: stream + "_ORIGIN",
		},
		First: now.Add(-time.Hour), Proof: now.Add(-2 * time.Second), Limit: time.Minute, Reported: true, Lag: 7, Updated: now,
	}
}

func put(b *pipeline.Board, links ...pipeline.LinkStatus) {
	for i := range links {
		b.Put(links[i].Subject.StreamKey, links[i:i+1])
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
