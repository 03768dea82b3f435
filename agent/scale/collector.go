package main

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // that the server can unpack
	"google.golang.org/grpc/stats"
)

// exportEvery is how often agents export.
const exportEvery = 15 * time.Second

// collector takes OTLP metrics over gRPC, with the default limits, and counts them.
type collector struct {
	colmetricpb.UnimplementedMetricsServiceServer
	endpoint string
	stop     func()

	requests, points, bytes atomic.Int64 // bytes as they came, compressed
}

func startCollector() (*collector, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the collector: %w", err)
	}
	c := &collector{endpoint: "http://" + listener.Addr().String()}
	s := grpc.NewServer(grpc.StatsHandler(wire{c}))
	colmetricpb.RegisterMetricsServiceServer(s, c)
	c.stop = s.Stop
	go func() { _ = s.Serve(listener) }() // ends with stop
	return c, nil
}

// Export implements the service.
func (c *collector) Export(_ context.Context, r *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
	points := 0
	for _, resource := range r.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				points += len(m.GetGauge().GetDataPoints()) + len(m.GetSum().GetDataPoints()) + len(m.GetHistogram().GetDataPoints())
			}
		}
	}
	c.points.Add(int64(points))
	c.requests.Add(1)
	return &colmetricpb.ExportMetricsServiceResponse{}, nil
}

// wire counts bytes.
type wire struct{ c *collector }

// HandleRPC implements stats.Handler, as the rest does.
func (w wire) HandleRPC(_ context.Context, event stats.RPCStats) {
	if in, ok := event.(*stats.InPayload); ok {
		w.c.bytes.Add(int64(in.WireLength))
	}
}

func (wire) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (wire) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (wire) HandleConn(context.Context, stats.ConnStats)                       {}
