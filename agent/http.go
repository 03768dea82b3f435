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

	"mirrorwatch/exporters/prometheus"
	"mirrorwatch/pipeline"
)

// HTTPConfig is where the agent's own HTTP interface listens.
type HTTPConfig struct {
	Address   string          `koanf:"address"` // host:port
	Token     pipeline.Secret `koanf:"token"`   // that callers show (Authorization: Bearer) to change or look back
	TokenFile string          `koanf:"token_file"`

	Metrics prometheus.Config `koanf:"metrics"` // of /metrics
}

// Bearer returns the token; zero: only callers on the agent's own host may change anything or look back.
func (c *HTTPConfig) Bearer() pipeline.Secret { return c.Token.Or(c.TokenFile) }

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
	if !c.Token.IsZero() && c.TokenFile != "" {
		report("token", "give token or token_file, not both")
	}
	c.Metrics.Validate(under("metrics", report))
}

// HTTP is the agent's HTTP interface. Silences can be made and ended through it; all else only tells.
type HTTP struct {
	Board *pipeline.Board
	// Ready returns nil once the configuration is loaded and the journal open, else what is waited for. Connections
	// have no say in it: a dead NATS must not take the pod out of service.
	Ready func() error
	// Receivers tells what waits for each receiver; nil: there are none. They have no say in readiness either.
	Receivers func() []pipeline.ReceiverStats
	Now       func() time.Time

	Silences silencer  // nil: none can be made
	History  historian // nil: nothing can be looked back at
	// Metadata names the keys of stream metadata that incidents carry; nil: none are. A silence by another key would match nothing.
	Metadata func() []string
	// Token is what callers must show to change something or to look back; nil, or zero: they must be on this host.
	Token func() pipeline.Secret
	// Metrics answers /metrics; nil: nobody does.
	Metrics http.Handler
	// Config tells why the configuration on disk is not in force, and since when; nil, or an empty problem: it is.
	Config func() (problem string, since time.Time)

	// Defaults is what limits streams of a connection have where their metadata says nothing; nil: none.
	Defaults func(connection string) pipeline.Policy

	heavy chan struct{} // holds a word while somebody reads the whole audit: one at a time
}

// Handler returns the routes: /healthz, /readyz, /metrics and those under /api/v1.
func (h *HTTP) Handler() http.Handler {
	h.heavy = make(chan struct{}, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.healthz)
	mux.HandleFunc("GET /readyz", h.readyz)
	if h.Metrics != nil {
		mux.Handle("GET /metrics", h.Metrics)
	}
	mux.HandleFunc("GET /api/v1/links", h.links)
	mux.HandleFunc("GET /api/v1/incidents", h.incidents)
	mux.HandleFunc("GET /api/v1/silences", h.silences)
	mux.HandleFunc("POST /api/v1/silences", h.guarded(h.addSilence))
	mux.HandleFunc("DELETE /api/v1/silences/{id}", h.guarded(h.endSilence))
	mux.HandleFunc("GET /api/v1/history", h.guarded(h.history))
	mux.HandleFunc("GET /api/v1/report", h.guarded(h.report))
	mux.HandleFunc("GET /api/v1/audit", h.guarded(h.audit))
	return mux
}

func (h *HTTP) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Alive bool `json:"alive"`
	}{true})
}

// incidents tells the open ones, oldest first.
func (h *HTTP) incidents(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, incidentsOf(h.Board, h.Now(), h.withheld()))
}

// writeJSON ignores that the client went away.
func writeJSON(w http.ResponseWriter, status int, body any) {
	beginJSON(w, status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body)
}

// beginJSON writes what comes before the body.
func beginJSON(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
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
