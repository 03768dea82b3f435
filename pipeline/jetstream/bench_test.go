package jetstream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
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
	system := server.NewAccount(server.DEFAULT_SYSTEM_ACCOUNT)
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir,
		Accounts: []*server.Account{system}, SystemAccount: system.Name, NoAuthUser: "app",
		Users: []*server.User{
			{Username: "app", Password: "app"},
			{Username: pipelinetest.SystemUser, Password: pipelinetest.SystemPassword, Account: system},
		},
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

// benchServer is the other process, with live mirrors, for all benchmarks of this one.
type benchServer struct {
	url string
	pid int
}

func startBenchServer(b *testing.B) benchServer {
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
	return benchServer{url, command.Process.Pid}
}

// cpu is what the server used so far, in steps of 10 ms; 0 where the system does not tell.
func (s benchServer) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// measure runs rounds that tell the bytes they read, and reports wall, bytes, allocations and CPU time a stream.
func (s benchServer) measure(b *testing.B, round func() int) {
	b.Helper()
	round()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, server, read := cpu(b), s.cpu(), 0
	for b.Loop() {
		read += round()
	}
	used, served := cpu(b)-began, s.cpu()-server
	runtime.ReadMemStats(&after)
	each := float64(b.N) * (benchMirrors + 1)
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/round")
	b.ReportMetric(float64(used.Nanoseconds())/1e3/each, "client-µs/stream")
	b.ReportMetric(float64(served.Nanoseconds())/1e3/each, "server-µs/stream")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/each, "allocs/stream")
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

// BenchmarkRound compares a look at 1,000 live mirrors with its floor, the same pages fetched and not decoded; with the same look by
// names and info; with a look at each stream alone; and with names and info where 20 of the streams hold links.
func BenchmarkRound(b *testing.B) {
	server := startBenchServer(b)
	s := connected(b, Config{URL: URLs(server.url)})
	var scope []pipeline.StreamKey
	all, few := newRoster(), newRoster()
	for i := range benchMirrors + 1 {
		name := fmt.Sprintf("M%03d", i)
		if i == benchMirrors {
			name = "S000"
		}
		all.learn(name, name != "S000")
		few.learn(name, i < 20)
		scope = append(scope, pipeline.StreamKey{Connection: "dr", Stream: name})
	}
	walk := func(r *roster, links int) func() int {
		return func() int {
			return lookRound(b, links, func(yield func(*pipeline.Sample)) error {
				return s.walk(b.Context(), "", newPacer(Pace{}), r, yield)
			})
		}
	}
	for _, way := range []struct {
		name  string
		round func() int
	}{
		{"RawPages", func() int { return rawPages(b, s) }},
		{"List", func() int {
			return lookRound(b, benchMirrors, func(yield func(*pipeline.Sample)) error { return s.Look(b.Context(), nil, yield) })
		}},
		{"NamesAndInfo", walk(all, benchMirrors)},
		{"Scope", func() int {
			return lookRound(b, benchMirrors, func(yield func(*pipeline.Sample)) error { return s.Look(b.Context(), scope, yield) })
		}},
		{"NamesAndInfoOf20", walk(few, 20)},
	} {
		b.Run(way.name, func(b *testing.B) { server.measure(b, way.round) })
	}
}

func lookRound(b *testing.B, want int, look func(yield func(*pipeline.Sample)) error) int {
	b.Helper()
	read, links := 0, 0
	err := look(func(x *pipeline.Sample) {
		read += len(x.Raw)
		links += len(x.Links)
	})
	if err != nil || links != want {
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

// BenchmarkDecode takes one recorded document into a sample: as rounds do, in memory used anew; as replays do; and by encoding/json,
// the judge of both.
func BenchmarkDecode(b *testing.B) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, readTestdata(b, "mirror.json")); err != nil {
		b.Fatal(err)
	}
	doc := compact.Bytes()
	d := newDecoder(&settings{})
	for _, way := range []struct {
		name   string
		decode func(doc []byte, s *pipeline.Sample) error
	}{
		{"Round", func(doc []byte, s *pipeline.Sample) error {
			x, err := d.document(doc)
			return x.into(s, doc, err)
		}},
		{"Alone", Decode},
		{"EncodingJSON", judge},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			var s pipeline.Sample
			began := cpu(b)
			for b.Loop() {
				if err := way.decode(doc, &s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}
