package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mirrorwatch/pipeline/pipelinetest"
)

// postEvery is how often alerts are posted. Prometheus has them end after four times that if it posts no more, and posts
// each minute where it is not told otherwise.
const postEvery = 5 * time.Second

// The routes that Alertmanager is measured with.
const (
	defaults = ""                                      // 30 s, 5 min
	tuned    = "group_wait: 1s, group_interval: 10s, " // as short as people set them
)

// manager is an Alertmanager of which the configuration and the data outlive the process.
type manager struct {
	t    testing.TB
	url  string
	args []string
	log  *logbook

	mu  sync.Mutex
	cmd *exec.Cmd
}

// manage runs an Alertmanager until the test ends.
func manage(t testing.TB, timing, receiver string, args ...string) *manager {
	t.Helper()
	dir, at := t.TempDir(), freeAddress(t)
	m := &manager{t: t, url: "http://" + at, log: &logbook{}}
	file := filepath.Join(dir, "alertmanager.yml")
	text := fmt.Sprintf("route: {%sreceiver: recorder, group_by: [alertname]}\nreceivers: [{name: recorder, %s}]\n", timing, receiver)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if len(args) == 0 {
		args = []string{"--cluster.listen-address="}
	}
	m.args = append([]string{"--config.file=" + file, "--storage.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + at}, args...)
	t.Cleanup(func() {
		m.kill()
		if t.Failed() {
			t.Logf("Alertmanager's log:\n%s", m.log)
		}
	})
	m.start()
	return m
}

func (m *manager) start() {
	m.t.Helper()
	m.mu.Lock()
	m.cmd = exec.Command(*alertmanager, m.args...)
	m.cmd.Stderr = m.log
	err := m.cmd.Start()
	m.mu.Unlock()
	if err != nil {
		m.t.Fatal(err)
	}
	pipelinetest.Eventually(m.t, soon, "Alertmanager runs", func() bool {
		answer, err := http.Get(m.url + "/-/ready")
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
}

func (m *manager) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cmd != nil {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
		m.cmd = nil
	}
}

// peers waits until a cluster is one.
func (m *manager) peers(n int) {
	m.t.Helper()
	pipelinetest.Eventually(m.t, 90*time.Second, "the cluster settles", func() bool {
		answer, err := http.Get(m.url + "/api/v2/status")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		var status struct {
			Cluster struct {
				Status string
				Peers  []struct{}
			}
		}
		return json.NewDecoder(answer.Body).Decode(&status) == nil && status.Cluster.Status == "ready" && len(status.Cluster.Peers) == n
	})
}

// fires posts an alert again and again, as Prometheus does, until end is called, which posts that it is well, or stop is,
// which posts nothing more. An Alertmanager that is away misses a post.
func fires(t testing.TB, managers ...*manager) (end, stop func()) {
	t.Helper()
	began, quit, ended := time.Now(), make(chan struct{}), make(chan struct{})
	post := func(ends time.Time) {
		text, _ := json.Marshal([]map[string]any{{
			"labels":   map[string]string{"alertname": "seen", "stream": "MIRROR", "severity": "critical"},
			"startsAt": began, "endsAt": ends,
		}})
		for _, m := range managers {
			if answer, err := http.Post(m.url+"/api/v2/alerts", "application/json", bytes.NewReader(text)); err == nil {
				_ = answer.Body.Close()
			}
		}
	}
	post(began.Add(4 * postEvery))
	go func() {
		defer close(ended)
		ticker := time.NewTicker(postEvery)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case now := <-ticker.C:
				post(now.Add(4 * postEvery))
			}
		}
	}()
	stop = sync.OnceFunc(func() {
		close(quit)
		<-ended
	})
	t.Cleanup(stop)
	return func() {
		stop()
		post(time.Now())
	}, stop
}

func webhookConfig(r *recorder) string { return fmt.Sprintf("webhook_configs: [{url: %q}]", r.url) }

func slackConfig(r *recorder) string {
	return fmt.Sprintf("slack_configs: [{api_url: %q, channel: '#oncall', send_resolved: true}]", r.url)
}

// freeAddress is an address that nobody listens on, outside of what systems and other tests take ports from.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(8000)))
		if err == nil {
			defer listener.Close()
			return listener.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}
