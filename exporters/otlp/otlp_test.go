package otlp

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/pipeline"
)

func TestADeletedLinkIsGoneFromTheNextExport(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		e := open(t, configFor(server), nil, quiet())
		board := pipeline.NewBoard(now)
		put(board, mirror("A", now), mirror("B", now))
		streams := func() map[string]bool {
			t.Helper()
			if err := e.Report(t.Context(), board); err != nil {
				t.Fatal(err)
			}
			requests := server.take()
			seen := map[string]bool{}
			for _, points := range pointsIn(requests) {
				for _, p := range points {
					seen[p.attributes["nats.stream.name"]] = true
				}
			}
			delete(seen, "")
			return seen
		}
		if got := streams(); len(got) != 2 {
			t.Errorf("before: %v, want A and B", got)
		}
		board.Drop(pipeline.StreamKey{Connection: "dr", Stream: "A"})
		if got := streams(); len(got) != 1 || !got["B"] {
			t.Errorf("after: %v, want B", got)
		}
	})
}

func TestManyLinksAllArriveInRequestsBelowTheLimit(t *testing.T) {
	isolate(t)
	for _, test := range []struct {
		links, name int
	}{
		{8_000, 20},
		{1_000, 1 << 10},
		{2, 400 << 10}, // each a request of its own
	} {
		t.Run(fmt.Sprintf("%d links with names of %d bytes", test.links, test.name), func(t *testing.T) {
			eachProtocol(t, func(t *testing.T, server *collector) {
				now := time.Now()
				requests, largest, arrived := 0, 0, map[string][]string{}
				server.forget = true
				server.answer = func(_ context.Context, r *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
					server.mu.Lock()
					defer server.mu.Unlock()
					requests++
					largest = max(largest, proto.Size(r))
					gatherStreams(r, arrived)
					return &colmetricpb.ExportMetricsServiceResponse{}, nil
				}
				cfg := configFor(server)
				cfg.Timeout = 5 * time.Minute // the race detector takes its time
				e := open(t, cfg, nil, quiet())
				board := pipeline.NewBoard(now)
				board.PutConnection(pipeline.ConnectionStatus{Name: "dr", Links: 100_000}) // the largest requests
				for i := range test.links {
					name := fmt.Sprintf("%0*d", test.name, i)
					link := mirror(name, now)
					link.Subject.Origin = "O"
					put(board, link)
				}
				if err := e.Report(t.Context(), board); err != nil {
					t.Fatal(err)
				}
				server.mu.Lock()
				defer server.mu.Unlock()
				t.Logf("%d requests, the largest %d bytes", requests, largest)
				if largest > 3<<20 {
					t.Errorf("a request of %d bytes, want at most 3 MiB", largest)
				}
				for _, metric := range []string{"last_seen.age", "limit", "lag", "status", "violations", "blackout.time"} {
					names := arrived["nats.replication."+metric]
					slices.Sort(names)
					if got := len(slices.Compact(slices.Clone(names))); got != test.links || len(names) != test.links {
						t.Errorf("%s: %d points of %d links, want %d", metric, len(names), got, test.links)
					}
				}
			})
		})
	}
}

// gatherStreams adds the stream names of all points by metric; the name is the last attribute.
func gatherStreams(r *colmetricpb.ExportMetricsServiceRequest, all map[string][]string) {
	for _, m := range metricsIn([]*colmetricpb.ExportMetricsServiceRequest{r}) {
		for _, p := range slices.Concat(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()) {
			if a := p.GetAttributes(); len(a) > 0 && a[len(a)-1].GetKey() == "nats.stream.name" {
				all[m.GetName()] = append(all[m.GetName()], a[len(a)-1].GetValue().GetStringValue())
			}
		}
	}
}

func TestOneLinkTooLargeToSendSpoilsNoOther(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		e := open(t, configFor(server), nil, quiet())
		board := pipeline.NewBoard(now)
		put(board, mirror(strings.Repeat("x", 1<<20), now))
		for i := range 10 {
			put(board, mirror(fmt.Sprint(i), now))
		}
		err := e.Report(t.Context(), board)
		if status.Code(err) != codes.ResourceExhausted {
			t.Errorf("error %v, want ResourceExhausted", err)
		}
		requests := server.take()
		if got := len(pointsIn(requests)["nats.replication.status"]); got != 10 {
			t.Errorf("%d links arrived, want 10", got)
		}
	})
}

// manyRequests returns a board of 20 links, and makes e send a request for each.
func manyRequests(e *Exporter, now time.Time) *pipeline.Board {
	e.most = 1
	board := pipeline.NewBoard(now)
	for i := range 20 {
		put(board, mirror(fmt.Sprint(i), now))
	}
	return board
}

func TestUnavailableStopsTheExportAndTheNextIsFresh(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		var up atomic.Bool
		server.answer = func(context.Context, *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
			if !up.Load() {
				return nil, status.Error(codes.Unavailable, "draining")
			}
			return &colmetricpb.ExportMetricsServiceResponse{}, nil
		}
		e := open(t, configFor(server), nil, quiet())
		board := manyRequests(e, now)
		if err := e.report(t.Context(), board, now); status.Code(err) != codes.Unavailable {
			t.Errorf("error %v, want Unavailable", err)
		}
		if requests := server.take(); len(requests) != 1 {
			t.Errorf("%d requests to a server that is down, want 1", len(requests))
		}
		up.Store(true)
		later := now.Add(15 * time.Second)
		if err := e.report(t.Context(), board, later); err != nil {
			t.Fatal(err)
		}
		requests := server.take()
		ages := pointsIn(requests)["nats.replication.last_seen.age"]
		if len(ages) != 20 {
			t.Fatalf("%d ages, want 20", len(ages))
		}
		for _, age := range ages {
			if age.value != 17 || !age.time.Equal(later) {
				t.Fatalf("age %g at %s, want 17 at %s", age.value, age.time, later)
			}
		}
	})
}

func TestOneDeadlineHoldsForTheWholeExport(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		var answered atomic.Int64
		server.answer = func(ctx context.Context, _ *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
			if answered.Add(1) > 2 {
				<-ctx.Done() // as slow as it gets
			}
			return &colmetricpb.ExportMetricsServiceResponse{}, nil
		}
		cfg := configFor(server)
		cfg.Timeout = 500 * time.Millisecond
		e := open(t, cfg, nil, quiet())
		began := time.Now()
		if err := e.Report(t.Context(), manyRequests(e, now)); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("error %v, want DeadlineExceeded", err)
		}
		if took := time.Since(began); took > 5*time.Second { // a request each would make it 10
			t.Errorf("took %s, want about %s", took, cfg.Timeout)
		}
		if requests := server.take(); len(requests) > 3 {
			t.Errorf("%d requests, want 3 at most", len(requests))
		}
	})
}

func TestNobodyListeningIsAnErrorAtOnce(t *testing.T) {
	isolate(t)
	for _, protocol := range []string{otlpconn.GRPC, otlpconn.HTTP} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		cfg := Default()
		cfg.Endpoint, cfg.Protocol = "http://"+listener.Addr().String(), protocol
		e := open(t, cfg, nil, quiet())
		began := time.Now()
		if err := e.Report(t.Context(), manyRequests(e, began)); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "stopped after 1 requests") {
			t.Errorf("%s: error %v, want Unavailable", protocol, err)
		}
	}
}

func TestPartialSuccessIsLoggedOnceAndNeverResent(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		server.answer = func(context.Context, *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
			return &colmetricpb.ExportMetricsServiceResponse{PartialSuccess: &colmetricpb.ExportMetricsPartialSuccess{
				RejectedDataPoints: 3, ErrorMessage: "too old",
			}}, nil
		}
		var log bytes.Buffer
		e := open(t, configFor(server), nil, slog.New(slog.NewTextHandler(&log, nil)))
		board := pipeline.NewBoard(now)
		put(board, mirror("A", now))
		for range 2 {
			if err := e.Report(t.Context(), board); err != nil {
				t.Fatal(err)
			}
		}
		if requests := server.take(); len(requests) != 4 { // two a report: own, links
			t.Errorf("%d requests, want 4", len(requests))
		}
		if got := strings.Count(log.String(), "too old"); got != 1 || !strings.Contains(log.String(), "rejected_points=6") {
			t.Errorf("logged %d times, want once, with 6 rejected points:\n%s", got, log.String())
		}
		if e.rejected != 12 {
			t.Errorf("%d points counted, want 12", e.rejected)
		}
	})
}

func TestRunReportsUntilItsContextEnds(t *testing.T) {
	isolate(t)
	server, now := startCollector(t), time.Now()
	var asked atomic.Int64
	server.answer = func(context.Context, *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
		if asked.Add(1) <= 2 {
			return nil, status.Error(codes.Unavailable, "starting")
		}
		return &colmetricpb.ExportMetricsServiceResponse{}, nil
	}
	cfg := configFor(server)
	cfg.Interval = 5 * time.Millisecond
	var log bytes.Buffer
	e := open(t, cfg, nil, slog.New(slog.NewTextHandler(&log, nil)))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.Run(ctx, pipeline.NewBoard(now)) }()
	for range 5 {
		<-server.arrived
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, want := range []string{"metrics do not arrive", "metrics arrive again", "failed_exports=2"} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("want %q once in the log:\n%s", want, log.String())
		}
	}
}

func TestReportAfterShutdownFails(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, server *collector) {
		now := time.Now()
		e, err := New(t.Context(), configFor(server), "1.2.3", nil, quiet())
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := e.Report(t.Context(), pipeline.NewBoard(now)); err == nil {
			t.Error("no error")
		}
	})
}
