package alertmanager

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

// manager is a server that keeps alerts as Alertmanager does: by their labels.
type manager struct {
	url string

	mu       sync.Mutex
	code     int
	alerts   map[string]postable
	sizes    []int
	largest  int
	password string
}

func serve(t *testing.T) *manager {
	t.Helper()
	m := &manager{alerts: map[string]postable{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		text, _ := io.ReadAll(r.Body)
		if m.code > 0 {
			w.WriteHeader(m.code)
			return
		}
		var alerts []postable
		if err := json.Unmarshal(text, &alerts); err != nil || r.URL.Path != "/api/v2/alerts" || len(alerts) == 0 {
			t.Errorf("%s: %d alerts, %v", r.URL.Path, len(alerts), err)
		}
		for _, a := range alerts {
			m.alerts[labelsText(a)] = a
		}
		_, m.password, _ = r.BasicAuth()
		m.sizes, m.largest = append(m.sizes, len(alerts)), max(m.largest, len(text))
	}))
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

func (m *manager) refuse(code int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.code = code
}

// tell delivers a batch.
func (m *manager) tell(t *testing.T, a *Alertmanager, changes ...pipeline.Change) {
	t.Helper()
	if _, err := a.Notify(t.Context(), rendered(t, a, changes...)); err != nil {
		t.Fatal(err)
	}
}

// firing returns the severities of the alerts that have not ended.
func (m *manager) firing() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, a := range m.alerts {
		if a.EndsAt.After(time.Now()) {
			all = append(all, a.Labels["severity"])
		}
	}
	slices.Sort(all)
	return all
}

func (m *manager) only(t *testing.T) postable {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.alerts {
		if len(m.alerts) == 1 {
			return a
		}
	}
	t.Fatalf("%d alerts", len(m.alerts))
	return postable{}
}

func rendered(t *testing.T, a *Alertmanager, changes ...pipeline.Change) pipeline.Notification {
	t.Helper()
	n := exportertest.One(changes...)
	text, err := a.Render(n)
	if err != nil {
		t.Fatal(err)
	}
	n.Body = text
	return n
}

func open(t *testing.T, c Config) *Alertmanager {
	t.Helper()
	c.Name = "am"
	a, err := New(c, pipeline.Pages{Status: "https://mirrorwatch.example.com/", Runbook: "https://runbooks.example.com/{rule}"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func labelsText(a postable) string {
	text, _ := json.Marshal(a.Labels)
	return string(text)
}
