package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline/pipelinetest"
)

// benchMirrors is how many live mirrors BenchmarkAgent watches; with their origin they are on four pages of a listing.
const benchMirrors = 1000

// BenchmarkAgent runs the agent as a process of its own, with a round a second over 1,000 live mirrors on one server, and
// beside it, as the floor, a process that only fetches the same pages. It reports the CPU time that each spends on a stream and
// round, a round's wall time, and the resident memory. One iteration takes half a minute: run it with -benchtime 1x.
func BenchmarkAgent(b *testing.B) {
	server := pipelinetest.StartServer(b, pipelinetest.ServerOptions{Name: "bench"})
	createMirrors(b, server)
	file := filepath.Join(b.TempDir(), "config.yaml")
	text := fmt.Sprintf("connections: [{name: bench, url: %q}]\ninterval: 1s\nlooks_per_second: 5000\ndata_dir: %q\nhttp: {address: '127.0.0.1:0'}\n",
		server.URL(), filepath.Join(b.TempDir(), "data"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	agent := spawn(b, file)
	pipelinetest.Eventually(b, time.Minute, "contact with every mirror is proven", func() bool { return provenLinks(b, agent.api) == benchMirrors })

	const watched = 15 * time.Second
	var spent time.Duration
	var took []float64
	b.ResetTimer()
	for range b.N {
		before := cpuOf(b, agent.cmd.Process.Pid)
		for end := time.Now().Add(watched); time.Now().Before(end); {
			<-time.After(500 * time.Millisecond)
			took = append(took, roundTook(b, agent.api))
		}
		spent += cpuOf(b, agent.cmd.Process.Pid) - before
	}
	b.StopTimer()
	rounds := float64(b.N) * watched.Seconds()
	b.ReportMetric(float64(spent.Microseconds())/rounds/(benchMirrors+1), "agent-µs/stream")
	b.ReportMetric(1e3*mean(took), "agent-ms/round")
	b.ReportMetric(float64(residentOf(b, agent.cmd.Process.Pid))/(1<<20), "agent-MiB")

	floor := fetchPages(b, server.URL())
	b.ReportMetric(floor.CPU/floor.Rounds/(benchMirrors+1), "raw-µs/stream")
	b.ReportMetric(floor.Wall/floor.Rounds, "raw-ms/round")
}

func createMirrors(b *testing.B, server *pipelinetest.Server) {
	b.Helper()
	js := server.JetStream(b)
	pipelinetest.CreateStream(b, js, jetstream.StreamConfig{Name: "ORIGIN", Subjects: []string{"o.>"}})
	for i := range benchMirrors {
		pipelinetest.CreateMirror(b, js, fmt.Sprintf("MIRROR_%04d", i), "ORIGIN", "", limits("60"))
	}
}

func provenLinks(b *testing.B, api string) (n int) {
	b.Helper()
	var links []LinkState
	fetch(b, api+"/api/v1/links", &links)
	for i := range links {
		if links[i].Proof != nil {
			n++
		}
	}
	return n
}

// roundTook is how long the newest round took, in seconds.
func roundTook(b *testing.B, api string) float64 {
	b.Helper()
	var ready struct {
		Connections []struct {
			Took float64 `json:"round_seconds"`
		} `json:"connections"`
	}
	fetch(b, api+"/readyz", &ready)
	return ready.Connections[0].Took
}

func fetch(b *testing.B, url string, into any) {
	b.Helper()
	response, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		b.Fatal(err)
	}
}

// cpuOf is the user and system time that a process has spent.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// residentOf is a process's resident memory in bytes.
func residentOf(b *testing.B, pid int) int {
	b.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func mean(all []float64) (sum float64) {
	for _, x := range all {
		sum += x
	}
	return sum / float64(len(all))
}

// rawPages is what a process that only fetches pages says of itself: CPU in µs, wall in ms, both of all rounds.
type rawPages struct{ Rounds, CPU, Wall float64 }

// fetchPages runs that process.
func fetchPages(b *testing.B, url string) (p rawPages) {
	b.Helper()
	out, err := exec.Command("rawpages", url).Output()
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(out, &p); err != nil {
		b.Fatalf("%s: %v", out, err)
	}
	return p
}

// rawPagesMain is that process: it fetches all pages 15 times, decodes nothing, and prints what that took.
func rawPagesMain() {
	if err := measureRawPages(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measureRawPages(url string) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer nc.Close()
	p := rawPages{Rounds: 15}
	before := ownCPU()
	began := time.Now()
	for range int(p.Rounds) {
		for offset := 0; offset <= benchMirrors; offset += 256 {
			ctx, cancel := context.WithTimeout(context.Background(), 6*time.Second)
			_, err := nc.RequestWithContext(ctx, "$JS.API.STREAM.LIST", fmt.Appendf(nil, `{"offset":%d}`, offset))
			cancel()
			if err != nil {
				return err
			}
		}
	}
	p.Wall = float64(time.Since(began).Microseconds()) / 1e3
	p.CPU = float64((ownCPU() - before).Microseconds())
	return json.NewEncoder(os.Stdout).Encode(p)
}

func ownCPU() time.Duration {
	var use syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &use) // cannot fail with these arguments
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
