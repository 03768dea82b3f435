package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
)

// page is one alert of one message that a pager was sent.
type page struct {
	At          time.Time         // when it arrived
	Key         string            // webhook-id
	Refused     bool              // answered with 503
	Opened      time.Time         `json:"startsAt"`
	Status      string            `json:"status"` // firing or resolved
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func (p *page) change() string   { return p.Annotations["change"] }
func (p *page) rule() string     { return p.Labels["rule"] }
func (p *page) stream() string   { return p.Labels["stream"] }
func (p *page) incident() string { return p.Annotations["incident"] }

// overdue is how long after the end of the limit the incident opened: the link's silence began at since.
func (p *page) overdue(t testing.TB, limit time.Duration) time.Duration {
	t.Helper()
	since, err := time.Parse(time.RFC3339Nano, p.Annotations["since"])
	if err != nil {
		t.Fatalf("since of %s: %v", p, err)
	}
	return p.Opened.Sub(since.Add(limit))
}

func (p *page) String() string {
	text := fmt.Sprintf("%s %s %s/%s", p.change(), p.rule(), p.Labels["connection"], p.stream())
	if origin := p.Labels["origin"]; origin != "" {
		text += " of " + origin
	}
	if p.Refused {
		text += " (refused)"
	}
	return text + ": " + p.Annotations["reason"] + " " + p.Annotations["detail"]
}

// pager is a receiver of webhooks that keeps every page, in the order of arrival.
type pager struct {
	server *httptest.Server

	mu       sync.Mutex
	pages    []page
	refusing bool
	arrived  chan struct{} // closed at the next arrival
}

func startPager(t testing.TB) *pager {
	p := &pager{arrived: make(chan struct{})}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

// config makes the pager a receiver.
func (p *pager) config() webhook.Config {
	return webhook.Config{Name: "pager", URL: pipeline.NewSecret(p.server.URL)}
}

// refuse makes the pager answer every message with 503, or take messages again.
func (p *pager) refuse(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = yes
}

// ServeHTTP takes a message in.
func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	var message struct {
		Alerts []page `json:"alerts"`
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range message.Alerts {
		a.At, a.Key, a.Refused = at, r.Header.Get("webhook-id"), p.refusing
		p.pages = append(p.pages, a)
	}
	if p.refusing {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	close(p.arrived)
	p.arrived = make(chan struct{})
}

// all returns the pages until now, and a channel that is closed when there are more.
func (p *pager) all() ([]page, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pages[:len(p.pages):len(p.pages)], p.arrived
}

// await returns the first page that fits, past or to come, and ends the test if there is none in time.
func (p *pager) await(t testing.TB, within time.Duration, what string, fits func(*page) bool) *page {
	t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for seen := 0; ; {
		pages, arrived := p.all()
		for ; seen < len(pages); seen++ {
			if fits(&pages[seen]) {
				t.Logf("%s: %s", what, &pages[seen])
				return &pages[seen]
			}
		}
		select {
		case <-arrived:
		case <-timer.C:
			t.Fatalf("not within %s: %s; there were:%s", within, what, told(pages))
		}
	}
}

// awaitChange waits for a change of an incident of rule on stream; either may be empty for any.
func (p *pager) awaitChange(t testing.TB, within time.Duration, change pipeline.ChangeKind, rule, stream string) *page {
	t.Helper()
	what := strings.TrimSpace(fmt.Sprintf("%s %s %s", change, rule, stream))
	return p.await(t, within, what, func(p *page) bool {
		return !p.Refused && p.change() == string(change) && p.rule() == rule && p.stream() == stream
	})
}

// only ends the test unless the pages that fit are exactly those changes, in this order. Updates do not count.
func (p *pager) only(t testing.TB, fits func(*page) bool, changes ...pipeline.ChangeKind) {
	t.Helper()
	pages, _ := p.all()
	var got []string
	for i := range pages {
		if fits(&pages[i]) && pages[i].change() != string(pipeline.Updated) {
			got = append(got, pages[i].change())
		}
	}
	if want := fmt.Sprint(changes); fmt.Sprint(got) != want {
		t.Errorf("changes: got %v, want %v; there were:%s", got, want, told(pages))
	}
}

func told(pages []page) string {
	var b strings.Builder
	for i := range pages {
		fmt.Fprintf(&b, "\n  %s %s", pages[i].At.Format("15:04:05.000"), &pages[i])
	}
	return b.String()
}

func anyPage(*page) bool { return true }

func of(rule, stream string) func(*page) bool {
	return func(p *page) bool { return p.rule() == rule && p.stream() == stream }
}
