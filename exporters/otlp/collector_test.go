package otlp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"mirrorwatch/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is an OTLP receiver with gRPC's default receive limit of 4 MiB, as the Collector has it.
type collector struct {
	colmetricpb.UnimplementedMetricsServiceServer
	endpoint string
	// answer, where set, decides; its request is kept whatever it says.
	answer func(context.Context, *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error)

	forget      bool // keep no request: their memory is what large tests take
	mu          sync.Mutex
	requests    []*colmetricpb.ExportMetricsServiceRequest
	headers     metadata.MD // of the newest request
	compression string      // of the newest request
	arrived     chan struct{}
}

func startCollector(t testing.TB, options ...grpc.ServerOption) *collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{endpoint: "http://" + listener.Addr().String(), arrived: make(chan struct{}, 1000)}
	server := grpc.NewServer(append(options, grpc.StatsHandler(compressionSeen{c}))...)
	colmetricpb.RegisterMetricsServiceServer(server, c)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return c
}

func (c *collector) Export(ctx context.Context, r *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	if !c.forget {
		c.requests = append(c.requests, r)
	}
	c.headers, _ = metadata.FromIncomingContext(ctx)
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

func (c *collector) header(name string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.headers.Get(name)
}

type compressionSeen struct{ c *collector }

func (s compressionSeen) HandleRPC(_ context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InHeader); ok {
		s.c.mu.Lock()
		s.c.compression = in.Compression
		s.c.mu.Unlock()
	}
}

func (compressionSeen) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (compressionSeen) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (compressionSeen) HandleConn(context.Context, stats.ConnStats)                       {}

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
	for _, name := range []string{
		"OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
		"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
		"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
		"OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
		"OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
	} {
		t.Setenv(name, "")
	}
}

// open returns an exporter that the test's end shuts down.
func open(t testing.TB, cfg Config, from Own, log *slog.Logger) *Exporter {
	t.Helper()
	e, err := New(t.Context(), cfg, "1.2.3", from, log)
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

func configFor(endpoint string) Config {
	cfg := Default()
	cfg.Endpoint = endpoint
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

// numberPoints counts the number data points of rendered metrics.
func numberPoints(metrics []metricdata.Metrics) int {
	n := 0
	for _, m := range metrics {
		switch data := m.Data.(type) {
		case metricdata.Gauge[int64]:
			n += len(data.DataPoints)
		case metricdata.Gauge[float64]:
			n += len(data.DataPoints)
		case metricdata.Sum[int64]:
			n += len(data.DataPoints)
		case metricdata.Sum[float64]:
			n += len(data.DataPoints)
		}
	}
	return n
}
