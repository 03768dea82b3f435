package agent

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"mirrorwatch/exporters/otlp"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// tracer counts the spans that it is sent.
type tracer struct {
	tracev1.UnimplementedTraceServiceServer
	spans atomic.Int64
}

func (c *tracer) Export(_ context.Context, r *tracev1.ExportTraceServiceRequest) (*tracev1.ExportTraceServiceResponse, error) {
	for _, resource := range r.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans.Add(int64(len(scope.GetSpans())))
		}
	}
	return &tracev1.ExportTraceServiceResponse{}, nil
}

func TestRoundsAreTracedWhereThatIsConfigured(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, traced := grpc.NewServer(), &tracer{}
	tracev1.RegisterTraceServiceServer(server, traced)
	metricsv1.RegisterMetricsServiceServer(server, &collector{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	to := otlp.Default()
	to.Endpoint, to.Traces = "http://"+listener.Addr().String(), true

	s, p, config := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t), DefaultConfig()
	config.Connections = []jetstream.Config{{Name: "live", URL: jetstream.URLs(s.URL())}}
	config.Exporters.OTLP = &to
	runAgent(t, p, config)
	pipelinetest.Eventually(t, soon, "a round is traced", func() bool { return traced.spans.Load() > 0 })
}
