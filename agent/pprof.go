package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// listenProfiler opens what "run --pprof" names. Profiles tell everything of a process, and taking one costs it: they are for
// whoever may be on the agent's own host.
func listenProfiler(address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil || !loopbackName(address) {
		return nil, fmt.Errorf("--pprof %q: want a loopback address and a port, such as 127.0.0.1:6060", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open --pprof: %w", err)
	}
	return listener, nil
}

// serveProfiler answers under /debug/pprof/ on listener, which it closes, until ctx ends: profiles under way are cut off then.
func serveProfiler(ctx context.Context, listener net.Listener, log *slog.Logger) {
	server := &http.Server{ // without WriteTimeout: a profile takes as long as its caller asks for
		Handler:           profiler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil {
		log.Error("profiler ended", "error", err)
	}
}

// profiler is the profiles of net/http/pprof, for callers on this host that mean it.
func profiler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r) {
			problemf(http.StatusForbidden, "profiles are for callers on the agent's own host").write(w)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
