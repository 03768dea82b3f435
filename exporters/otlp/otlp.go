// Package otlp reports the newest picture as OpenTelemetry metrics over gRPC: the links' from the board, which no SDK
// instrument holds (those fold 2,000 and more series into one, silently), and the agent's own.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"mirrorwatch/pipeline"
)

// Exporter is a pipeline.Reporter that sends to one OTLP endpoint.
type Exporter struct {
	cfg      Config
	log      *slog.Logger
	client   *otlpmetricgrpc.Exporter // nil: OTEL_SDK_DISABLED
	answers  answers
	resource *resource.Resource
	scope    instrumentation.Scope
	own      *own
	budget   int // bytes of points in a request

	mu       sync.Mutex // one report at a time
	rejected int64      // data points, ever
	told     string     // what the server said of the newest partly accepted export
}

var (
	_ pipeline.Reporter = (*Exporter)(nil)
	_ pipeline.Observer = (*Exporter)(nil)
)

// New returns an exporter, not yet connected: that happens with the first report. OTEL_SDK_DISABLED=true makes one that
// does nothing. Its owner calls Shutdown.
func New(ctx context.Context, cfg Config, version string, from Own, log *slog.Logger) (*Exporter, error) {
	e := &Exporter{
		cfg: cfg, log: log,
		scope: instrumentation.Scope{Name: scopeName, Version: version},
	}
	var err error
	if e.own, err = newOwn(from); err != nil {
		return nil, err
	}
	if strings.EqualFold(strings.TrimSpace(os.Getenv("OTEL_SDK_DISABLED")), "true") {
		log.InfoContext(ctx, "OTEL_SDK_DISABLED is true: no metrics are exported")
		return e, nil
	}
	if e.resource, err = newResource(ctx, version, log); err != nil {
		return nil, err
	}
	e.budget = maxRequest - resourceSize(e.resource)
	if e.client, err = dial(ctx, &e.cfg, version, &e.answers); err != nil {
		return nil, err
	}
	return e, nil
}

// Looked counts a look in the agent's own metrics.
func (e *Exporter) Looked(connection string, l pipeline.Looked) { e.own.looked(connection, l) }

// Turned implements pipeline.Observer.
func (e *Exporter) Turned(string, time.Duration, int) {}

// Run reports every interval until ctx ends, and returns nil then. A failure is logged when it begins and when it ends.
func (e *Exporter) Run(ctx context.Context, b *pipeline.Board) error {
	tick := time.NewTicker(e.cfg.Interval)
	defer tick.Stop()
	failed := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		switch err := e.Report(ctx, b); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			if failed++; failed == 1 {
				e.log.WarnContext(ctx, "metrics do not arrive", "error", err)
			}
		case failed > 0:
			e.log.InfoContext(ctx, "metrics arrive again", "failed_exports", failed)
			failed = 0
		}
	}
}

// Report sends the board and the agent's own metrics, in as many requests as their size asks for, all within the
// configured time-out. What a server refuses is not sent again. Points that it accepts a request without are
// logged, and no error.
func (e *Exporter) Report(ctx context.Context, b *pipeline.Board) error {
	return e.report(ctx, b, time.Now())
}

func (e *Exporter) report(ctx context.Context, b *pipeline.Board, now time.Time) error {
	if e.client == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	defer e.tellRejected(ctx)

	sent, refused := 0, 0
	var first error
	for metrics := range e.requests(ctx, b, now) {
		err := e.client.Export(ctx, &metricdata.ResourceMetrics{
			Resource:     e.resource,
			ScopeMetrics: []metricdata.ScopeMetrics{{Scope: e.scope, Metrics: metrics}},
		})
		if err == nil {
			sent++
			continue
		}
		refused++
		if first == nil {
			first = err
		}
		if hopeless(err) {
			return fmt.Errorf("export metrics (stopped after %d requests): %w", sent+refused, err)
		}
	}
	if first != nil {
		return fmt.Errorf("export metrics (%d of %d requests refused): %w", refused, sent+refused, first)
	}
	return nil
}

// requests yields the metrics of one request after the other. The agent's own go first, with the fleet's counts: they
// are few, and tell of the rest. The ways between servers come before the links that run over them.
func (e *Exporter) requests(ctx context.Context, b *pipeline.Board, now time.Time) iter.Seq[[]metricdata.Metrics] {
	return func(yield func([]metricdata.Metrics) bool) {
		var links []pipeline.LinkStatus
		for l := range b.Links() {
			links = append(links, *l)
		}
		metrics, err := e.own.collect(ctx)
		if err != nil {
			e.log.WarnContext(ctx, "own metrics are incomplete", "error", err)
		}
		if !yield(append(metrics, renderFleet(links, now))) {
			return
		}
		for metrics := range renderTrunks(b.Trunks(), now, e.budget) {
			if !yield(metrics) {
				return
			}
		}
		renderLinks(links, b.Started(), now, e.budget)(yield)
	}
}

// tellRejected logs what the server did not take of the requests it accepted, when it is news.
func (e *Exporter) tellRejected(ctx context.Context) {
	rejected, message := e.answers.take()
	e.rejected += rejected
	said := message
	if said == "" && rejected > 0 {
		said = "(no reason given)"
	}
	if said != "" && said != e.told {
		e.log.WarnContext(ctx, "metrics accepted in part", "rejected_points", rejected, "reason", said, "rejected_points_ever", e.rejected)
	}
	e.told = said
}

// Shutdown closes the connection, once a report under way has ended; later ones fail. It sends nothing: who wants the
// last state sent reports once more first.
func (e *Exporter) Shutdown(ctx context.Context) error {
	err := e.own.provider.Shutdown(ctx)
	if e.client != nil {
		err = errors.Join(err, e.client.Shutdown(ctx))
	}
	if err != nil {
		return fmt.Errorf("shut down OTLP exporter: %w", err)
	}
	return nil
}
