package jetstream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// The benchmarks ask a server in a process of its own, so that this process's CPU time is the asker's alone.
const (
	benchServerEnv = "MIRRORWATCH_BENCH_SERVER_DIR"
	benchMirrors   = 1000
)

// serveForBenchmark is the other process: it serves until its input ends. It is false in the tests' own process.
func serveForBenchmark() bool {
	dir := os.Getenv(benchServerEnv)
	if dir == "" {
		return false
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir,
	})
	if err != nil {
		fmt.Println(err)
		return true
	}
	s.Start()
	if s.ReadyForConnections(10 * time.Second) {
		fmt.Println(s.ClientURL())
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	stop(s)
	return true
}

// startBenchServer gives the URL of a server with live mirrors, for all benchmarks of the process.
func startBenchServer(b *testing.B) string {
	b.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), benchServerEnv+"="+b.TempDir())
	input, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = input.Close()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	url := strings.TrimSpace(line)
	if err != nil || !strings.HasPrefix(url, "nats://") {
		b.Fatalf("the server says %q, %v", line, err)
	}
	nc, err := nats.Connect(url)
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	streams(b, nc, 1, benchMirrors)
	return url
}

// measure runs rounds that tell the bytes they read, and reports wall, bytes and this process's CPU time a stream.
func measure(b *testing.B, round func() int) {
	b.Helper()
	round()
	b.ResetTimer()
	began, read := cpu(b), 0
	for b.Loop() {
		read += round()
	}
	each := float64(b.N) * (benchMirrors + 1)
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/round")
	b.ReportMetric(float64((cpu(b)-began).Microseconds())/each, "client-µs/stream")
	b.ReportMetric(float64(read)/each, "B/stream")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkRound compares a look at 1,000 live mirrors with its floor, the same pages fetched and not decoded, and with
// a look at each stream alone.
func BenchmarkRound(b *testing.B) {
	url := startBenchServer(b)
	s := connected(b, Config{URL: URLs(url)})
	b.Run("RawPages", func(b *testing.B) { measure(b, func() int { return rawPages(b, s) }) })
	b.Run("Everything", func(b *testing.B) { measure(b, func() int { return lookRound(b, s, nil) }) })
	var scope []pipeline.StreamKey
	for i := range benchMirrors {
		scope = append(scope, pipeline.StreamKey{Connection: "dr", Stream: fmt.Sprintf("M%03d", i)})
	}
	scope = append(scope, pipeline.StreamKey{Connection: "dr", Stream: "S000"})
	b.Run("Scope", func(b *testing.B) { measure(b, func() int { return lookRound(b, s, scope) }) })
}

func lookRound(b *testing.B, s *Source, scope []pipeline.StreamKey) int {
	b.Helper()
	read, links := 0, 0
	err := s.Look(b.Context(), scope, func(x *pipeline.Sample) {
		read += len(x.Raw)
		links += len(x.Links)
	})
	if err != nil || links != benchMirrors {
		b.Fatalf("%d links, %v", links, err)
	}
	return read
}

func rawPages(b *testing.B, s *Source) int {
	b.Helper()
	read := 0
	for offset := 0; offset <= benchMirrors; offset += pageSize {
		doc, err := s.conn.ask(b.Context(), "$JS.API.STREAM.LIST", fmt.Appendf(nil, `{"offset":%d}`, offset), 6*time.Second)
		if err != nil {
			b.Fatal(err)
		}
		read += len(doc)
	}
	return read
}

// BenchmarkDecode takes one recorded document into a sample.
func BenchmarkDecode(b *testing.B) {
	var doc bytes.Buffer
	if err := json.Compact(&doc, readTestdata(b, "mirror.json")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(doc.Len()))
	var s pipeline.Sample
	for b.Loop() {
		if err := Decode(doc.Bytes(), &s); err != nil {
			b.Fatal(err)
		}
	}
}
