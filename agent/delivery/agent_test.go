package delivery

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/agent"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// soon bounds waiting for what has to come. The machine may be busy: it is no measurement.
const soon = 40 * time.Second

// watcher is the binary, with a configuration and a data_dir of its own that outlive its process.
type watcher struct {
	t    testing.TB
	file string

	mu  sync.Mutex
	cmd *exec.Cmd
	log *logbook
	api string
}

// watch runs the binary on a NATS until the test ends. Exporters is YAML in one line. When it is held beside Alertmanager it
// has its defaults, else it does not wait between messages of one group.
func watch(t testing.TB, natsURL, exporters string) *watcher {
	t.Helper()
	routes := "routes: [{group_interval: 1s, receivers: [recorder]}]\n"
	if *alertmanager != "" {
		routes = ""
	}
	return watchWith(t, natsURL, exporters, routes)
}

func watchWith(t testing.TB, natsURL, exporters, routes string) *watcher {
	t.Helper()
	dir := t.TempDir()
	w := &watcher{t: t, file: filepath.Join(dir, "config.yaml")}
	text := fmt.Sprintf("connections: [{name: main, url: %q}]\ninterval: 1s\ndata_dir: %q\nhttp: {address: \"127.0.0.1:0\"}\nexporters: %s\n%s",
		natsURL, filepath.Join(dir, "data"), exporters, routes)
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.kill()
		if t.Failed() {
			t.Logf("the agent's log:\n%s", w.log)
		}
	})
	w.start()
	return w
}

// webhook makes a recorder a receiver.
func webhook(r *recorder) string { return fmt.Sprintf("{webhook: [{name: recorder, url: %q}]}", r.url) }

// start runs the process, and returns when it listens.
func (w *watcher) start() {
	w.t.Helper()
	cmd, log := exec.Command("mirrorwatch", "run", "--config", w.file), &logbook{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.cmd, w.log = cmd, log
	w.mu.Unlock()
	pipelinetest.Eventually(w.t, soon, "mirrorwatch runs", func() bool {
		w.api = log.listens()
		return w.api != ""
	})
}

// kill ends the process as a lost machine would. It does nothing when the process does not run.
func (w *watcher) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cmd != nil {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
		w.cmd = nil
	}
}

// get reads one of the API's documents; false: it cannot be had now.
func (w *watcher) get(path string, into any) bool {
	answer, err := http.Get(w.api + path)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into) == nil
}

// proven waits until the links of a stream are proven well.
func (w *watcher) proven(stream string) {
	w.t.Helper()
	pipelinetest.Eventually(w.t, soon, "contact of "+stream+" is proven", func() bool {
		var links []agent.LinkState
		if !w.get("/api/v1/links", &links) {
			return false
		}
		links = slices.DeleteFunc(links, func(l agent.LinkState) bool { return l.Stream != stream })
		return len(links) > 0 && !slices.ContainsFunc(links, func(l agent.LinkState) bool { return l.Proof == nil || l.Status != pipeline.OK })
	})
}

// open returns the rules of the incidents that are open.
func (w *watcher) open() (rules []string) {
	w.t.Helper()
	var incidents []agent.IncidentState
	if !w.get("/api/v1/incidents", &incidents) {
		w.t.Fatal("the incidents cannot be had")
	}
	for _, i := range incidents {
		rules = append(rules, i.Rule)
	}
	return rules
}

// settled waits until nothing is left to be delivered. The journal may not know yet.
func (w *watcher) settled() {
	w.t.Helper()
	pipelinetest.Eventually(w.t, soon, "everything is delivered", func() bool {
		all := w.receivers()
		return len(all) == 1 && all[0].Pending == 0
	})
}

// receiverState is a receiver as /readyz tells of it.
type receiverState struct {
	Name    string `json:"name"`
	Pending int    `json:"pending"`
	Error   string `json:"last_error"`
}

// receivers returns the receivers; none: they cannot be had now.
func (w *watcher) receivers() []receiverState {
	var ready struct {
		Receivers []receiverState `json:"receivers"`
	}
	if !w.get("/readyz", &ready) {
		return nil
	}
	return ready.Receivers
}

// fence brings about a page that comes after everything that was decided before, and is written down after it: a finding about
// the metadata of a stream of that name.
func (w *watcher) fence(js natsjs.JetStream, r *recorder, name string) {
	w.t.Helper()
	pipelinetest.CreateStream(w.t, js, natsjs.StreamConfig{Name: name + "_ORIGIN", Subjects: []string{name}})
	pipelinetest.CreateMirror(w.t, js, name, name+"_ORIGIN", "", limit("5M"))
	r.await(w.t, soon, "the page of "+name, func(m *message) bool { return strings.Contains(m.Text, `"stream":"`+name+`"`) })
	w.settled()
}

func limit(seen string) map[string]string {
	return map[string]string{pipeline.MetadataPrefix + "seen-critical": seen}
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

// listens finds the address of the HTTP interface; empty: it is not told yet.
func (l *logbook) listens() string {
	for lines := bufio.NewScanner(strings.NewReader(l.String())); lines.Scan(); {
		var line struct {
			Text string `json:"msg"`
			HTTP string `json:"http"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Text == "mirrorwatch runs" {
			return "http://" + line.HTTP
		}
	}
	return ""
}
