package agent

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
)

// pipes is a listener whose connections live in memory, so that they belong to a synctest bubble.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accepted <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve runs a real server in the bubble until the test's end, and returns a transport that reaches it.
func serve(t *testing.T, handler http.HandlerFunc) *http.Transport {
	p := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(p) }()
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return transport
}

func heartbeatConfig() HeartbeatConfig {
	return HeartbeatConfig{URL: pipeline.NewSecret("http://deadman.example/hunter2"), Interval: time.Minute}
}

func TestHeartbeatBeatsEachIntervalWhileRingsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []time.Duration
		start := time.Now()
		transport := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && r.URL.Path == "/hunter2" {
				calls = append(calls, time.Since(start))
			}
		})
		stalled := func() (bool, string) { // from 90 s to 210 s
			since := time.Since(start)
			return since < 90*time.Second || since > 210*time.Second, heartbeatTrouble([]string{"dr"}, false, nil)
		}
		var log bytes.Buffer
		h := NewHeartbeat(heartbeatConfig(), stalled, transport, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithTimeout(t.Context(), heartbeatDelay+5*time.Minute-time.Second)
		defer cancel()
		h.Run(ctx)

		want := []time.Duration{heartbeatDelay, heartbeatDelay + time.Minute, heartbeatDelay + 4*time.Minute}
		if len(calls) != len(want) {
			t.Fatalf("calls: got %v, want %v", calls, want)
		}
		for i := range want {
			if calls[i] != want[i] {
				t.Errorf("calls: got %v, want %v", calls, want)
			}
		}
		if n := strings.Count(log.String(), "heartbeat changed"); n != 3 || !strings.Contains(log.String(), `to=withheld why="rings stand still: dr"`) {
			t.Errorf("log: want three changes, got\n%s", &log)
		}
	})
}

// Each of the three has its words, and one that takes another's place is told too.
func TestHeartbeatSaysWhatItIsWithheldFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("beat though nothing is well") })
		trouble := []string{
			heartbeatTrouble([]string{"dr", "far"}, false, nil), heartbeatTrouble(nil, true, nil), heartbeatTrouble(nil, true, nil),
			heartbeatTrouble(nil, true, []string{"oncall"}),
		}
		n := 0
		turning := func() (bool, string) {
			n++
			return false, trouble[n-1]
		}
		var log bytes.Buffer
		h := NewHeartbeat(heartbeatConfig(), turning, transport, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithTimeout(t.Context(), heartbeatDelay+time.Duration(len(trouble))*time.Minute-time.Second)
		defer cancel()
		h.Run(ctx)
		for _, want := range []string{
			`why="rings stand still: dr, far"`, `why="the journal cannot be written"`,
			`why="the journal cannot be written; deliveries are overdue: oncall"`,
		} {
			if strings.Count(log.String(), want+"\n") != 1 {
				t.Errorf("log: want %s once, got\n%s", want, &log)
			}
		}
	})
	if why := heartbeatTrouble(nil, false, nil); why != "" {
		t.Errorf("where all is well: got %q", why)
	}
}

func TestHeartbeatToldItsFailureOnceWithoutTheURL(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"refused":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "hunter2", http.StatusNotFound) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hunter2/next", http.StatusFound) },
		"hangs":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"breaks":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				transport := serve(t, func(w http.ResponseWriter, r *http.Request) {
					calls.Add(1)
					handler(w, r)
				})
				var log bytes.Buffer
				turning := func() (bool, string) { return true, "" }
				h := NewHeartbeat(heartbeatConfig(), turning, transport, slog.New(slog.NewTextHandler(&log, nil)))
				ctx, cancel := context.WithTimeout(t.Context(), heartbeatDelay+3*time.Minute-time.Second)
				defer cancel()
				h.Run(ctx)
				synctest.Wait()

				if calls.Load() != 3 {
					t.Errorf("calls: got %d, want 3", calls.Load())
				}
				if strings.Count(log.String(), "to=failing") != 1 || strings.Contains(log.String(), "hunter2") {
					t.Errorf("log: want one change and no URL, got\n%s", &log)
				}
			})
		})
	}
}

func TestHeartbeatTellsThatItsSecretCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := HeartbeatConfig{URLFile: t.TempDir() + "/none", Interval: time.Minute}
		h := NewHeartbeat(c, func() (bool, string) { return true, "" }, nil, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithTimeout(t.Context(), heartbeatDelay+time.Second)
		defer cancel()
		h.Run(ctx)
		if !strings.Contains(log.String(), "read secret") {
			t.Errorf("log: got\n%s", &log)
		}
	})
}
