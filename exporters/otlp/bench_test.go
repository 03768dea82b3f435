package otlp

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/pipeline"
)

// BenchmarkReport is one export to a server that throws away what it gets. Beside time and garbage it tells the most memory that
// the heap took over what is live between exports, and how many requests it was.
func BenchmarkReport(b *testing.B) {
	for _, links := range []int{10_000, 100_000} {
		for _, protocol := range []string{otlpconn.GRPC, otlpconn.HTTP} {
			name := fmt.Sprintf("links=%d/protocol=%s", links, strings.ReplaceAll(protocol, "/", "-"))
			b.Run(name, func(b *testing.B) { benchmarkReport(b, links, protocol) })
		}
	}
}

func benchmarkReport(b *testing.B, links int, protocol string) {
	isolate(b)
	sink, now := startSink(b, protocol), time.Now()
	cfg := Default()
	cfg.Endpoint, cfg.Protocol, cfg.Timeout = sink.endpoint, protocol, time.Minute
	e := open(b, cfg, nil, quiet())
	board := pipeline.NewBoard(now)
	board.PutConnection(pipeline.ConnectionStatus{Name: "dr", Links: links})
	for i := range links {
		put(board, mirror(fmt.Sprintf("PAYMENTS_EU_%06d", i), now))
	}
	report := func() {
		if err := e.Report(b.Context(), board); err != nil {
			b.Fatal(err)
		}
	}
	report()
	runtime.GC()
	live := heap()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(time.Millisecond):
				most = max(most, heap())
			}
		}
	}()
	sink.requests.Store(0)
	b.ReportAllocs()
	for b.Loop() {
		report()
	}
	b.ReportMetric(float64(sink.requests.Load())/float64(b.N), "requests/op")
	close(stop)
	b.ReportMetric(float64(<-peak-live)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(live)/(1<<20), "live-MiB")
}

// heap is the bytes that the heap takes.
func heap() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}

// sink takes everything, decodes nothing and says yes.
type sink struct {
	endpoint string
	requests atomic.Int64
}

func startSink(b *testing.B, protocol string) *sink {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &sink{endpoint: "http://" + listener.Addr().String()}
	overHTTP := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
	})}
	overGRPC := grpc.NewServer(grpc.ForceServerCodecV2(nothing{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		s.requests.Add(1)
		if err := stream.RecvMsg(nil); err != nil {
			return err
		}
		return stream.SendMsg(nil)
	}))
	if protocol == otlpconn.HTTP {
		go func() { _ = overHTTP.Serve(listener) }()
	} else {
		go func() { _ = overGRPC.Serve(listener) }()
	}
	b.Cleanup(func() {
		overGRPC.Stop()
		_ = overHTTP.Shutdown(context.Background())
	})
	return s
}

// nothing is a codec that neither reads nor writes.
type nothing struct{}

func (nothing) Marshal(any) (mem.BufferSlice, error)        { return nil, nil }
func (nothing) Unmarshal(data mem.BufferSlice, _ any) error { return nil }
func (nothing) Name() string                                { return "proto" }
