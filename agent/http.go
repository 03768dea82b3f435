package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"mirrorwatch/pipeline"
)

// HTTPConfig is where the agent's own HTTP interface listens.
type HTTPConfig struct {
	Address string `koanf:"address"` // host:port
}

// Validate reports everything that is wrong.
func (c *HTTPConfig) Validate(report func(path, problem string)) {
	_, port, err := net.SplitHostPort(c.Address)
	number := 0
	if err == nil {
		number, err = strconv.Atoi(port)
	}
	switch {
	case err != nil:
		report("address", fmt.Sprintf("%q: want host:port, such as 127.0.0.1:9188", c.Address))
	case number < 0 || number > math.MaxUint16:
		report("address", fmt.Sprintf("%q: a port is at most %d", c.Address, math.MaxUint16))
	}
}

// HTTP is the agent's HTTP interface. It only tells; nothing can be changed through it.
type HTTP struct {
	Board *pipeline.Board
	// Ready returns nil once the configuration is loaded and the journal open, else what is waited for. Connections
	// have no say in it: a dead NATS must not take the pod out of service.
	Ready func() error
	// Receivers tells what waits for each receiver; nil: there are none. They have no say in readiness either.
	Receivers func() []pipeline.ReceiverStats
	Now       func() time.Time
}

// Handler returns the routes: /healthz, /readyz, /api/v1/links and /api/v1/incidents.
func (h *HTTP) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.healthz)
	mux.HandleFunc("GET /readyz", h.readyz)
	mux.HandleFunc("GET /api/v1/links", h.links)
	mux.HandleFunc("GET /api/v1/incidents", h.incidents)
	return mux
}

func (h *HTTP) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Alive bool `json:"alive"`
	}{true})
}

func (h *HTTP) readyz(w http.ResponseWriter, _ *http.Request) {
	body := struct {
		Ready       bool                        `json:"ready"`
		Waiting     string                      `json:"waiting_for,omitempty"`
		Connections []pipeline.ConnectionStatus `json:"connections"`
		Receivers   []receiverState             `json:"receivers"`
	}{Ready: true, Connections: h.Board.Connections(), Receivers: h.receivers()}
	status := http.StatusOK
	if err := h.Ready(); err != nil {
		status, body.Ready, body.Waiting = http.StatusServiceUnavailable, false, err.Error()
	}
	writeJSON(w, status, body)
}

// receiverState is one receiver as /readyz tells it.
type receiverState struct {
	Name    string   `json:"name"`
	Pending int      `json:"pending"`            // batches that wait
	Oldest  *float64 `json:"oldest_age_seconds"` // of the oldest change that waits; null: none does
	Error   string   `json:"last_error"`         // of the newest attempt; empty: it was delivered
}

func (h *HTTP) receivers() []receiverState {
	states := []receiverState{}
	if h.Receivers == nil {
		return states
	}
	for _, r := range h.Receivers() {
		s := receiverState{Name: r.Receiver, Pending: r.Pending, Error: r.Error}
		if r.Pending > 0 && !r.Oldest.IsZero() {
			s.Oldest = new(seconds(max(0, h.Now().Sub(r.Oldest))))
		}
		states = append(states, s)
	}
	return states
}

func (h *HTTP) links(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, linksOf(h.Board, h.Now()))
}

// incidents tells the open ones, oldest first.
func (h *HTTP) incidents(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, incidentsOf(h.Board, h.Now()))
}

// writeJSON ignores that the client went away.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body)
}

// shutdownTimeout is how long ServeHTTP lets running requests end.
const shutdownTimeout = 5 * time.Second

// ServeHTTP answers on listener, which it closes, until ctx ends. It returns nil then, and an error if it cannot serve.
func ServeHTTP(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		_ = server.Close()
		log.Warn("requests were cut off", slog.String("error", err.Error()))
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}
