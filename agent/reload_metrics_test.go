package agent

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"

	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricv1 "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"

	"mirrorwatch/pipeline/pipelinetest"
)

// tally is a collector that keeps the points of mirrorwatch.looks, in the order of arrival.
type tally struct {
	metricsv1.UnimplementedMetricsServiceServer
	mu     sync.Mutex
	points []looked
}

type looked struct {
	delta    bool
	series   string
	from, to uint64 // Unix time in nanoseconds
	looks    int64
}

func (c *tally) Export(_ context.Context, r *metricsv1.ExportMetricsServiceRequest) (*metricsv1.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rm := range r.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				if m.GetName() != "mirrorwatch.looks" {
					continue
				}
				for _, p := range m.GetSum().GetDataPoints() {
					one := looked{from: p.GetStartTimeUnixNano(), to: p.GetTimeUnixNano(), looks: p.GetAsInt()}
					one.delta = m.GetSum().GetAggregationTemporality() == metricv1.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
					for _, a := range p.GetAttributes() {
						one.series += a.GetValue().GetStringValue() + " "
					}
					c.points = append(c.points, one)
				}
			}
		}
	}
	return &metricsv1.ExportMetricsServiceResponse{}, nil
}

// told returns the points of one temporality that came since so many.
func (c *tally) told(since int, delta bool) (some []looked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.points[since:] {
		if p.delta == delta {
			some = append(some, p)
		}
	}
	return some
}

func (c *tally) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.points)
}

// Whatever a reload does to the exporter of metrics, what its counters told is not told again as added.
func TestReloadTellsNoTotalTwice(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, c := grpc.NewServer(), &tally{}
	metricsv1.RegisterMetricsServiceServer(server, c)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	s, _ := mirrors(t, map[string]map[string]string{"MIRROR": limits("5M")})
	dir := filepath.Join(t.TempDir(), "data")
	with := func(exporter string) string {
		return fmt.Sprintf(`interval: 1s
connections: [{name: live, url: %q}]
data_dir: %q
http: {address: "127.0.0.1:0"}
exporters: {%s}
`, s.URL(), dir, exporter)
	}
	to := func(temporality string) string {
		return with(fmt.Sprintf("otlp: {endpoint: %q, interval: 1s, temporality: %s}", "http://"+listener.Addr().String(), temporality))
	}
	a := runFile(t, to("delta"))
	arrive := func(since int, delta bool) {
		t.Helper()
		pipelinetest.Eventually(t, soon, "looks are told", func() bool { return len(c.told(since, delta)) > 0 })
	}
	arrive(0, true)
	for n, next := range []struct {
		text  string
		tells bool
		delta bool
	}{
		{with(""), false, false}, // taken out
		{to("delta"), true, true},
		{to("cumulative"), true, false},
		{to("delta"), true, true},
		{to("lowmemory"), true, true},
	} {
		a.mount(t, map[string]string{"config.yaml": next.text})
		a.hangup()
		a.says(t, n+1, "configuration reloaded")
		if next.tells {
			arrive(c.count(), next.delta)
		}
	}
	a.stop()
	ended := map[string]uint64{} // up to when each series is told
	totals := 0
	for _, p := range c.points {
		if !p.delta {
			totals++
		} else if p.from < ended[p.series] {
			t.Errorf("%s: %d looks since %d ns before what was told ended", p.series, p.looks, ended[p.series]-p.from)
		}
		ended[p.series] = p.to
	}
	if totals == 0 {
		t.Error("no totals arrived")
	}
}
