package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// The limits of the live tests: the shortest that can be proven, and what a server needs at most until it hears its
// origin again (measured: 52 s), on a machine that does more than this.
const (
	shortLimit  = 5 * time.Second
	selfHealing = 80 * time.Second
	soon        = 20 * time.Second
)

// onTime is how long after its deadline an incident may open: 0.5 s, and as much again for a busy machine; promptly is
// how long it may take until its page is there.
const (
	onTime   = time.Second
	promptly = 2 * time.Second
)

// sideBySide runs the tests of the package with more of them at a time than there are processors, unless the flag
// -parallel says otherwise: they wait for servers most of the time.
type sideBySide struct{ m *testing.M }

// Run implements testscript.TestingM.
func (s sideBySide) Run() int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", "16"); err != nil {
			panic(err)
		}
	}
	return s.m.Run()
}

// limits is the metadata of a stream with a limit.
func limits(seen string) map[string]string {
	return map[string]string{pipeline.MetadataPrefix + "seen-critical": seen}
}

// liveAgent is an agent that runs in this process.
type liveAgent struct {
	api  string
	log  *logbook
	stop func() // ends it, and waits
}

// startAgent runs an agent until the test ends. Its one connection is called live, its one receiver is the pager.
func startAgent(t testing.TB, p *pager, connection jetstream.Config) *liveAgent {
	t.Helper()
	connection.Name = "live"
	config := DefaultConfig()
	config.Connections = []jetstream.Config{connection}
	return runAgent(t, p, config)
}

// runAgent runs an agent until the test ends, with a data_dir of its own and the pager as its one receiver.
func runAgent(t testing.TB, p *pager, config *Config) *liveAgent {
	t.Helper()
	config.DataDir = t.TempDir()
	config.HTTP.Address = "127.0.0.1:0"
	config.Exporters.Webhook = []webhook.Config{p.config()}
	config.Routes = []RouteConfig{{Receivers: OneOrMore{p.config().Name}, GroupBy: OneOrMore{pipeline.LabelIncident}}} // at once

	a := &liveAgent{log: &logbook{}}
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Config: config, Log: slog.New(slog.NewTextHandler(a.log, nil)), Listening: func(addr net.Addr) { listening <- addr },
		})
	}()
	a.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the agent's end: %v", err)
		}
		if t.Failed() {
			t.Logf("the agent's log:\n%s", a.log)
		}
	})
	t.Cleanup(a.stop)
	select {
	case addr := <-listening:
		a.api = "http://" + addr.String()
	case err := <-ended:
		ended <- nil
		t.Fatalf("start the agent: %v", err)
	}
	return a
}

// watch runs an agent on a server.
func watch(t testing.TB, p *pager, server *pipelinetest.Server) *liveAgent {
	t.Helper()
	return startAgent(t, p, jetstream.Config{URL: jetstream.URLs(server.URL())})
}

// logbook keeps a log. It is for several goroutines.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// get reads one of the API's documents.
func get(t testing.TB, url string, into any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", url, response.StatusCode, err)
	}
}

// links returns what the agent at api tells of the links of a stream.
func links(t testing.TB, api, stream string) []LinkState {
	t.Helper()
	var all, found []LinkState
	get(t, api+"/api/v1/links", &all)
	for _, l := range all {
		if l.Stream == stream {
			found = append(found, l)
		}
	}
	return found
}

// openIncidents returns the incidents that the agent at api tells of.
func openIncidents(t testing.TB, api string) []IncidentState {
	t.Helper()
	var all []IncidentState
	get(t, api+"/api/v1/incidents", &all)
	return all
}

// awaitProof waits until all links of the streams are proven well, and returns when the oldest of the proofs was.
func awaitProof(t testing.TB, api string, streams ...string) (oldest time.Time) {
	t.Helper()
	for _, stream := range streams {
		pipelinetest.Eventually(t, soon, "contact of "+stream+" is proven", func() bool {
			all := links(t, api, stream)
			for _, l := range all {
				if l.Status != pipeline.OK || l.Proof == nil {
					return false
				}
			}
			return len(all) > 0
		})
	}
	for _, stream := range streams {
		for _, l := range links(t, api, stream) {
			if oldest.IsZero() || l.Proof.Before(oldest) {
				oldest = *l.Proof
			}
		}
	}
	return oldest
}

// inTime ends the test if the incident opened earlier than its limit allows, or later than onTime, and notes both delays.
func inTime(t testing.TB, p *page, limit time.Duration) {
	t.Helper()
	overdue, delivery := p.overdue(t, limit), p.At.Sub(p.Opened)
	t.Logf("%s: opened %s after the limit of %s, its page was there %s later", p.stream(), overdue, limit, delivery)
	if overdue < -time.Millisecond || overdue > onTime || delivery > promptly {
		t.Errorf("%s: opened %s after the limit, delivered %s later", p, overdue, delivery)
	}
}

// sameIncident ends the test unless both pages are about one incident.
func sameIncident(t testing.TB, one, other *page) {
	t.Helper()
	if one.incident() != other.incident() || one.incident() == "" {
		t.Errorf("incidents: %s of %s, %s of %s", one.incident(), one, other.incident(), other)
	}
}

// fence brings about a page that comes after everything that was decided before, so that what is missing by then was
// never told: a finding about the metadata of a stream that nothing else is about.
func fence(t testing.TB, p *pager, server *pipelinetest.Server) {
	t.Helper()
	pages, _ := p.all()
	name := fmt.Sprintf("FENCE_%d", len(pages))
	js := server.JetStream(t)
	pipelinetest.CreateStream(t, js, streamOf(name+"_ORIGIN"))
	pipelinetest.CreateMirror(t, js, name, name+"_ORIGIN", "", limits("5M"))
	p.awaitChange(t, soon, pipeline.Opened, "policy", name)
}
