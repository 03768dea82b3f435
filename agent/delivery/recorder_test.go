package delivery

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// message is one request that a recorder was sent: Alertmanager's webhook, which both sides speak, or one for Slack.
type message struct {
	At     time.Time `json:"-"`
	Key    string    `json:"-"` // webhook-id
	Code   int       `json:"-"` // of the answer
	Text   string    `json:"-"` // all of it
	Alerts []struct {
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
		Fingerprint string            `json:"fingerprint"`
	} `json:"alerts"`
}

// tells whether the message has an alert of a rule in a status.
func (m *message) tells(rule, status string) bool {
	for _, a := range m.Alerts {
		if a.Labels["alertname"] == rule && a.Status == status {
			return true
		}
	}
	return false
}

func (m *message) accepted() bool { return m.Code == http.StatusOK }

// recorder is a receiver that keeps every message, and answers as it is told to.
type recorder struct {
	url string

	mu       sync.Mutex
	answer   func(n int, w http.ResponseWriter) (code int) // to the nth message; it may write headers
	messages []message
	arrived  chan struct{} // closed at the next arrival
}

// record runs a recorder until the test ends. Without an answer it accepts everything.
func record(t testing.TB, answer func(n int, w http.ResponseWriter) int) *recorder {
	r := &recorder{answer: answer, arrived: make(chan struct{})}
	server := httptest.NewServer(r)
	t.Cleanup(func() {
		server.CloseClientConnections() // also of a client that was killed
		server.Close()
	})
	r.url = server.URL
	return r
}

// refuse answers everything with 503 until accept is called.
func refuse(int, http.ResponseWriter) int { return http.StatusServiceUnavailable }

func (r *recorder) accept() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = nil
}

// ServeHTTP takes a message in.
func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	m := message{At: time.Now(), Key: req.Header.Get("webhook-id"), Code: http.StatusOK}
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return // its sender is gone
	}
	if err := json.Unmarshal(text, &m); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	m.Text = string(text)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer != nil {
		m.Code = r.answer(len(r.messages)+1, w)
	}
	r.messages = append(r.messages, m)
	close(r.arrived)
	r.arrived = make(chan struct{})
	if m.Code == answered {
		r.messages[len(r.messages)-1].Code = http.StatusOK
		return
	}
	w.WriteHeader(m.Code)
	_, _ = io.WriteString(w, "ok") // as Slack says
}

// answered is what an answer returns that wrote 200 itself.
const answered = 0

// acceptAndThen writes an acceptance, all of it, before it goes on.
func acceptAndThen(w http.ResponseWriter, do func()) int {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return http.StatusInternalServerError
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	do()
	return answered
}

func (r *recorder) all() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages)
}

// those returns the messages until now that fit.
func (r *recorder) those(fit func(*message) bool) []message {
	return slices.DeleteFunc(r.all(), func(m message) bool { return !fit(&m) })
}

// awaitOr returns the first message that fits, past or to come, or nil if there is none in time.
func (r *recorder) awaitOr(within time.Duration, fits func(*message) bool) *message {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for seen := 0; ; {
		r.mu.Lock()
		messages, arrived := r.messages, r.arrived
		r.mu.Unlock()
		for ; seen < len(messages); seen++ {
			if m := messages[seen]; fits(&m) {
				return &m
			}
		}
		select {
		case <-arrived:
		case <-timer.C:
			return nil
		}
	}
}

// await is awaitOr that ends the test instead of returning nil.
func (r *recorder) await(t testing.TB, within time.Duration, what string, fits func(*message) bool) *message {
	t.Helper()
	m := r.awaitOr(within, fits)
	if m == nil {
		t.Fatalf("not within %s: %s; there were:%s", within, what, told(r.all()))
	}
	return m
}

// lasts lets time pass, and takes in what comes meanwhile.
func (r *recorder) lasts(d time.Duration) { r.awaitOr(d, func(*message) bool { return false }) }

func told(messages []message) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "\n  %s answered %d, %q:", m.At.Format("15:04:05.000"), m.Code, m.Key)
		for _, a := range m.Alerts {
			fmt.Fprintf(&b, " %s %s %s;", a.Status, a.Labels["alertname"], a.Labels["stream"])
		}
		if len(m.Alerts) == 0 {
			b.WriteString(" " + m.Text[:min(len(m.Text), 100)])
		}
	}
	return b.String()
}

// firing and resolved fit messages that were accepted and tell of a rule.
func firing(rule string) func(*message) bool {
	return func(m *message) bool { return m.accepted() && m.tells(rule, "firing") }
}

func resolved(rule string) func(*message) bool {
	return func(m *message) bool { return m.accepted() && m.tells(rule, "resolved") }
}
