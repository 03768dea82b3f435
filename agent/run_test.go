package agent

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"

	"mirrorwatch/exporters/otlp"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/pipelinetest"
)

// A connection that was taken out of the configuration is told of once, though nothing was wrong with it.
func TestConnectionNoLongerConfiguredIsToldOnce(t *testing.T) {
	t.Parallel()
	s, p := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t)
	file, dataDir := configure(t, p, s)
	j, err := journal.Open(dataDir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var kept []pipeline.StreamRecord
	for _, stream := range []string{"A", "B"} {
		kept = append(kept, pipeline.StreamRecord{Key: pipeline.StreamKey{Connection: "old", Stream: stream}})
	}
	if _, err := j.Load(); err != nil {
		t.Fatal(err)
	}
	pages := []pipeline.ProofPage{{Connection: "old", Number: 3, Data: []byte("page")}}
	if err := j.Commit(pipeline.Commit{Streams: kept, Proofs: pages}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c := spawn(t, file)
		closed := p.awaitChange(t, soon, pipeline.Closed, pipeline.RuleUnobserved, "")
		if closed.Labels["connection"] != "old" || closed.Labels["closed"] != pipeline.ReasonNotConfigured {
			t.Errorf("got %s: %v", closed, closed.Labels)
		}
		fence(t, p, s)
		if err := c.end(syscall.SIGTERM); err != nil {
			t.Errorf("the end by SIGTERM: %v", err)
		}
	}
	p.only(t, unobserved, pipeline.Closed)
	if j, err = journal.Open(dataDir, time.Now()); err != nil {
		t.Fatal(err)
	}
	state, err := j.Load()
	if err != nil {
		t.Fatal(err)
	}
	left := slices.ContainsFunc(state.Streams, func(r pipeline.StreamRecord) bool { return r.Key.Connection == "old" })
	if left || slices.ContainsFunc(state.Proofs, func(p pipeline.ProofPage) bool { return p.Connection == "old" }) {
		t.Errorf("something is left of it: %+v", state)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// collector counts what it is sent. It answers nothing while it hangs.
type collector struct {
	metricsv1.UnimplementedMetricsServiceServer
	hangs bool

	mu      sync.Mutex
	exports int
}

func (c *collector) Export(ctx context.Context, _ *metricsv1.ExportMetricsServiceRequest) (*metricsv1.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	c.exports++
	c.mu.Unlock()
	if c.hangs {
		<-ctx.Done()
	}
	return &metricsv1.ExportMetricsServiceResponse{}, nil
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exports
}

func startCollector(t testing.TB, c *collector) *otlp.Config {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	metricsv1.RegisterMetricsServiceServer(server, c)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	config := otlp.Default()
	config.Endpoint, config.Interval = "http://"+listener.Addr().String(), time.Hour
	return &config
}

// What changed since the last interval arrives.
func TestNewestStateIsReportedAtTheEnd(t *testing.T) {
	t.Parallel()
	s, p, c := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t), &collector{}
	config := DefaultConfig()
	config.Connections = []jetstream.Config{{Name: "live", URL: jetstream.URLs(s.URL())}}
	config.Exporters.OTLP = startCollector(t, c)
	a := runAgent(t, p, config)
	if n := c.count(); n != 0 {
		t.Fatalf("%d exports before the end", n)
	}
	a.stop()
	if n := c.count(); n == 0 {
		t.Error("no export at the end")
	}
}

// A receiver, a collector and a client that all hang cannot hold the end up.
func TestEndIsInTimeWhateverHangs(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 16)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client went away
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(receiver.Close)
	s, _ := mirrors(t, map[string]map[string]string{"MIRROR": limits("5M")})
	config := DefaultConfig()
	config.Connections = []jetstream.Config{{Name: "live", URL: jetstream.URLs(s.URL())}}
	config.DataDir, config.HTTP.Address = t.TempDir(), "127.0.0.1:0"
	config.Exporters.Webhook = []webhook.Config{{Name: "hangs", URL: pipeline.NewSecret(receiver.URL)}}
	config.Exporters.OTLP = startCollector(t, &collector{hangs: true})

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log, listening, ended := &logbook{}, make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Config: config, Log: slog.New(slog.NewTextHandler(log, nil)), Listening: func(addr net.Addr) { listening <- addr },
		})
	}()
	var address net.Addr
	select {
	case address = <-listening:
	case err := <-ended:
		t.Fatalf("start the agent: %v", err)
	}
	client, err := net.Dial("tcp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write([]byte("GET /healthz HTTP/1.1\r\n")); err != nil { // and no more
		t.Fatal(err)
	}
	<-asked
	began := time.Now()
	cancel()
	err = <-ended
	t.Logf("ended after %s: %v\n%s", time.Since(began), err, log)
	if took := time.Since(began); err != nil || took > endTime {
		t.Errorf("ended after %s: %v", took, err)
	}
	for _, want := range []string{"1 for hangs", "the last metrics did not arrive"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

// What the environment or a file spoils after the configuration was read is an error like any other.
func TestAnExporterThatCannotBeMadeEndsTheStart(t *testing.T) {
	t.Parallel()
	config, _ := load(t, oneConnection+"http: {address: \"127.0.0.1:0\"}\nexporters: {otlp: {endpoint: 'https://127.0.0.1:1'}}\n")
	config.DataDir = t.TempDir()
	config.Exporters.OTLP.CAFile = t.TempDir() + "/gone"
	err := Run(t.Context(), Options{Config: config, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("got %v", err)
	}
}
