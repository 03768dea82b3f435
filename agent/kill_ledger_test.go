package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fate is what became of a request.
type fate string

const (
	accepted fate = "accepted"     // and answered
	unheard  fate = "lost answers" // accepted, and the connection was cut in place of the answer
	limited  fate = "429"
	failed   fate = "500"
	denied   fate = "401"
	dropped  fate = "resets" // the connection was cut, and nothing accepted
	hung     fate = "time-outs"
)

// took tells whether the receiver has the message.
func (f fate) took() bool { return f == accepted || f == unheard }

// ledgerEntry is one request in the ledger.
type ledgerEntry struct {
	life     int // of the agent, from 1
	receiver string
	verb     string // of Slack: post, reply or edit; else empty
	key      string
	body     string
	fate     fate
}

// killLedger is the receivers of a kill test: webhooks under /ops and /each, and Slack's API under /chat/. It keeps every
// request whole, in the order of arrival.
type killLedger struct {
	server *httptest.Server
	lives  atomic.Int64 // of the agent, that have begun

	mu      sync.Mutex
	doomed  *life // dies when left more requests have arrived
	left    int
	entries []ledgerEntry
	foul    map[string]weather // by receiver
	random  *rand.Rand
	posts   int
}

// weather is how a receiver answers.
type weather int

const (
	fair      weather = iota
	foul              // every other request fails, in all ways
	forbidden         // all are refused for want of the right key
)

type lifeKey struct{}

func startKillLedger(t testing.TB, seed uint64) *killLedger {
	l := &killLedger{foul: map[string]weather{}, random: rand.New(rand.NewPCG(seed, 1))}
	l.server = httptest.NewUnstartedServer(l)
	l.server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, lifeKey{}, int(l.lives.Load()))
	}
	l.server.Start()
	t.Cleanup(func() {
		l.server.CloseClientConnections()
		l.server.Close()
	})
	return l
}

// doom kills a life at its nth request from now on, once that is read; 0: never.
func (l *killLedger) doom(agent *life, nth int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doomed, l.left = agent, nth
}

// arrived counts a request, and returns whom it kills. The caller holds mu.
func (l *killLedger) arrived() (doomed *life) {
	if l.left--; l.left == 0 {
		return l.doomed
	}
	return nil
}

func (l *killLedger) setWeather(receiver string, w weather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.foul[receiver] = w
}

// draw decides on a request. The caller holds mu.
func (l *killLedger) draw(receiver string) fate {
	switch w := l.foul[receiver]; {
	case w == forbidden:
		return denied
	case w == foul && l.random.IntN(2) == 0:
		all := []fate{unheard, limited, failed, dropped, hung}
		return all[l.random.IntN(len(all))]
	}
	return accepted
}

// ServeHTTP takes a request in.
func (l *killLedger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it never arrived
	}
	e := ledgerEntry{life: r.Context().Value(lifeKey{}).(int), receiver: "chat", body: string(body)}
	answer := ""
	l.mu.Lock()
	if method, ok := strings.CutPrefix(r.URL.Path, "/chat/"); ok {
		answer = l.slack(&e, method)
	} else {
		e.receiver, e.key = strings.TrimPrefix(r.URL.Path, "/"), r.Header.Get("webhook-id")
	}
	e.fate = l.draw(e.receiver)
	l.entries = append(l.entries, e)
	doomed := l.arrived()
	l.mu.Unlock()
	if doomed != nil {
		_ = doomed.cmd.Process.Kill()
		<-doomed.done
	}
	switch e.fate {
	case accepted:
		_, _ = io.WriteString(w, answer)
	case unheard, dropped:
		cut(w)
	case limited:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case failed:
		w.WriteHeader(http.StatusInternalServerError)
	case denied:
		w.WriteHeader(http.StatusUnauthorized)
	case hung:
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	}
}

// cut ends the connection of a request without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// slack reads a request to Slack's API, and returns the answer to give. The caller holds mu.
func (l *killLedger) slack(e *ledgerEntry, method string) string {
	form := parseForm(e.body)
	var metadata struct {
		Payload struct {
			Key string `json:"key"`
		} `json:"event_payload"`
	}
	_ = json.Unmarshal([]byte(form.Get("metadata")), &metadata)
	ts := form.Get("ts")
	e.verb, e.key, e.body = "edit", metadata.Payload.Key, form.Get("text")+form.Get("blocks")
	if method == "chat.postMessage" {
		l.posts++
		ts = fmt.Sprintf("%d.000100", 1_700_000_000+l.posts)
		if e.verb = "post"; form.Get("thread_ts") != "" {
			e.verb = "reply"
		}
	}
	return fmt.Sprintf(`{"ok":true,"channel":%q,"ts":%q}`, form.Get("channel"), ts)
}

// all returns what is in the ledger of a receiver; empty: of all.
func (l *killLedger) all(receiver string) []ledgerEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if receiver == "" {
		return slices.Clone(l.entries)
	}
	return slices.DeleteFunc(slices.Clone(l.entries), func(e ledgerEntry) bool { return e.receiver != receiver })
}

// alertsOf reads the body of a message to ops.
func alertsOf(t testing.TB, body string) []page {
	t.Helper()
	var m struct {
		Alerts []page `json:"alerts"`
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("read a body: %v", err)
	}
	return m.Alerts
}

// nativeStep is what a kill test reads of a change in a native body.
type nativeStep struct {
	Key      string `json:"key"`
	Number   int    `json:"number"`
	Change   string `json:"change"`
	Incident string `json:"incident"`
	Rule     string `json:"rule"`
	Stream   string `json:"stream"`
}

// stepsOf reads the body of a message to each.
func stepsOf(t testing.TB, body string) []nativeStep {
	t.Helper()
	var m struct {
		Changes []nativeStep `json:"changes"`
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("read a body: %v", err)
	}
	return m.Changes
}
