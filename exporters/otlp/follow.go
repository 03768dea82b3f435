package otlp

import (
	"context"
	"time"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/pipeline"
)

// Follow is for an exporter that is made while the agent runs, before its first report: totals that were counted before it are not to
// be told as added since. It goes on where the exporter before it ended, if that had the same temporality; else (and with a nil
// one: there was none) what is added from now on is told. The exporter before reports no more.
func (e *Exporter) Follow(ctx context.Context, before *Exporter, b *pipeline.Board) {
	e.follow(ctx, before, b, time.Now())
}

func (e *Exporter) follow(ctx context.Context, before *Exporter, b *pipeline.Board, now time.Time) {
	switch {
	case e.client == nil || e.deltas.preference == Cumulative:
	case before != nil && before.deltas.preference == e.deltas.preference:
		e.deltas = before.deltas
	default:
		e.deltas.since = now
		for metrics := range e.requests(ctx, b, series.All, now) { // also of links that are told of later
			e.deltas.of(metrics)
			e.deltas.accept()
		}
	}
}
