package agent

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProfilesAreServedOnTheOwnHostUntilTheEnd(t *testing.T) {
	listener, err := listenProfiler("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		defer close(served)
		serveProfiler(ctx, listener, slog.New(slog.DiscardHandler))
	}()
	root := "http://" + listener.Addr().String()
	for path, want := range map[string]string{
		"/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "TestProfilesAreServed", "/debug/pprof/heap?debug=1": "heap profile",
	} {
		response, err := http.Get(root + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v, %d bytes without %q", path, response.Status, err, len(body), want)
		}
	}
	end()
	<-served
	http.DefaultClient.CloseIdleConnections()
	if response, err := http.Get(root + "/debug/pprof/"); err == nil {
		response.Body.Close()
		t.Error("served after the end")
	}
}

func TestProfilesAreForNobodyElse(t *testing.T) {
	for _, address := range []string{"0.0.0.0:6060", ":6060", "127.0.0.1", "6060", "agent.example.com:6060", "[::]:6060", ""} {
		if listener, err := listenProfiler(address); err == nil {
			listener.Close()
			t.Errorf("%q is taken", address)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/debug/pprof/", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "rebound.example.com"
	w := httptest.NewRecorder()
	profiler().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("a name that somebody else's server points here: %d", w.Code)
	}
}

func TestHTTPInterfaceServesNoProfiles(t *testing.T) {
	h := &HTTP{Board: filledBoard(), Ready: func() error { return nil }, Now: noon}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("got %d", w.Code)
	}
}
