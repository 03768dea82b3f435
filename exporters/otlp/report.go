package otlp

import (
	"context"
	"fmt"
	"iter"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/pipeline"
)

// graceTime is how long a report under way may take to its end. What a server took and could not say so would be told again.
const graceTime = 500 * time.Millisecond

// Run reports every interval until ctx ends, and returns nil then, graceTime later at most. A failure is logged when it begins
// and when it ends.
func (e *Exporter) Run(ctx context.Context, b *pipeline.Board) error {
	reporting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, cancel) })
	defer stop()
	tick := time.NewTicker(e.cfg.Interval)
	defer tick.Stop()
	failed := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		switch err := e.Report(reporting, b); {
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

// Report sends the board and the agent's own metrics, in as many requests as their size asks for, each within the configured
// time-out, and all within an interval. What a server refuses is not sent again. Points that it accepts a request without are
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
	ctx, cancel := context.WithTimeout(ctx, max(e.timeout, e.cfg.Interval))
	defer cancel()
	defer e.tellRejected(ctx)

	sent, refused := 0, 0
	var first error
	for metrics := range e.requests(ctx, b, e.cfg.Links, now) {
		err := e.client.Export(ctx, &metricdata.ResourceMetrics{
			Resource:     e.resource,
			ScopeMetrics: []metricdata.ScopeMetrics{{Scope: e.scope, Metrics: e.deltas.of(metrics)}},
		})
		if err == nil {
			e.deltas.accept()
			sent++
			continue
		}
		e.deltas.refuse()
		refused++
		if first == nil {
			first = err
		}
		if hopeless(err) {
			return fmt.Errorf("export metrics (stopped after %d requests): %w", sent+refused, err)
		}
	}
	e.deltas.forget(b)
	if first != nil {
		return fmt.Errorf("export metrics (%d of %d requests refused): %w", refused, sent+refused, first)
	}
	return nil
}

// requests yields the metrics of one request after the other. The agent's own go first, with the fleet's counts: they
// are few, and tell of the rest. The ways between servers come before the links that run over them.
func (e *Exporter) requests(ctx context.Context, b *pipeline.Board, which series.Which, now time.Time) iter.Seq[[]metricdata.Metrics] {
	return func(yield func([]metricdata.Metrics) bool) {
		var metrics []metricdata.Metrics
		if e.own != nil {
			var err error
			if metrics, err = e.own(ctx); err != nil {
				e.log.WarnContext(ctx, "own metrics are incomplete", "error", err)
			}
		}
		if !yield(append(metrics, series.Fleet(b.Links(), now))) {
			return
		}
		budget := min(e.most, portion(b.Connections())) - resourceSize(e.resource)
		for metrics := range series.Trunks(b.Trunks(), now, budget) {
			if !yield(metrics) {
				return
			}
		}
		series.Links(which.Of(b.Links()), b.Started(), now, budget)(yield)
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
