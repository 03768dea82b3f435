package jetstream

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestMain(m *testing.M) {
	pipelinetest.ServeChild()
	if serveForBenchmark() {
		return
	}
	// A server that ends while a mirror waits for its consumer leaves that wait behind, for up to 30 s.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction(
		"github.com/nats-io/nats-server/v2/server.(*stream).setupMirrorConsumer.func3"))
}

// serve runs a server with JetStream until the test ends.
func serve(t testing.TB, change func(*server.Options)) *server.Server {
	t.Helper()
	o := &server.Options{
		Host: "127.0.0.1", Port: -1, ServerName: "n1", NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
	}
	if change != nil {
		change(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stop(s) })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not come up")
	}
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// logbook is a log that tests read.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), words)
}

// open opens a source until the test ends, with what it logs.
func open(t testing.TB, c Config) (*Source, *logbook) {
	t.Helper()
	if c.Name == "" {
		c.Name = "dr"
	}
	log := &logbook{}
	s, err := Open(t.Context(), c, Pace{}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a second Close is harmless
	return s, log
}

// await takes signals until one of the kind comes with the words in its reason.
func await(t testing.TB, s *Source, kind pipeline.SignalKind, words string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case got := <-s.Signals():
			if got.Kind == kind && strings.Contains(got.Reason, words) {
				return
			}
		case <-late:
			t.Fatalf("no signal %d with %q", kind, words)
		}
	}
}

// connected opens a source and waits for its connection.
func connected(t testing.TB, c Config) *Source {
	t.Helper()
	s, _ := open(t, c)
	await(t, s, pipeline.SignalConnected, "")
	return s
}

// look collects what a look yields.
func look(t testing.TB, s *Source, names ...string) ([]*pipeline.Sample, error) {
	t.Helper()
	var scope []pipeline.StreamKey
	for _, name := range names {
		scope = append(scope, pipeline.StreamKey{Connection: "dr", Stream: name})
	}
	var all []*pipeline.Sample
	err := s.Look(t.Context(), scope, func(x *pipeline.Sample) { all = append(all, x.Clone()) })
	return all, err
}

// faults gives name and fault kind of each sample.
func faults(samples []*pipeline.Sample) map[string]pipeline.FaultKind {
	all := map[string]pipeline.FaultKind{}
	for _, s := range samples {
		all[s.Key.Stream] = s.Fault.Kind
	}
	return all
}

// client connects to a server beside the source.
func client(t testing.TB, s *server.Server, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.ClientURL(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// streams makes n plain streams in memory and m mirrors of the first.
func streams(t testing.TB, nc *nats.Conn, n, m int) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range n + m {
		c := jetstream.StreamConfig{Storage: jetstream.MemoryStorage}
		if i < n {
			c.Name, c.Subjects = fmt.Sprintf("S%03d", i), []string{fmt.Sprintf("s.%d", i)}
		} else {
			c.Name, c.Mirror = fmt.Sprintf("M%03d", i-n), &jetstream.StreamSource{Name: "S000"}
			c.Metadata = map[string]string{"io.nats.monitor.seen-critical": "60"}
		}
		if _, err := js.CreateStream(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
}
