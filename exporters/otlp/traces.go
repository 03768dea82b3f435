package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/pipeline"
)

// maxChildren is how many looks of a round have a span. A fleet that breaks has thousands.
const maxChildren = 100

// traces tells rounds as spans, with the looks at single streams that were made while a round went on as their children.
type traces struct {
	conn     *otlpconn.Conn
	provider *sdk.TracerProvider
	tracer   trace.Tracer

	mu    sync.Mutex
	looks map[string][]pipeline.Looked // since the newest round, by connection
}

// newTraces returns traces that are sent in the background. What cannot be sent is dropped.
func newTraces(ctx context.Context, cfg *Config, version string, res *resource.Resource, log *slog.Logger) (*traces, error) {
	target, err := cfg.Target(otlpconn.Traces)
	if err != nil {
		return nil, fmt.Errorf("read where traces go: %w", err)
	}
	conn, err := target.Dial(version)
	if err != nil {
		return nil, err
	}
	client, err := otlptracegrpc.New(ctx, otlptracegrpc.WithGRPCConn(conn.ClientConn), otlptracegrpc.WithTimeout(target.Timeout),
		otlptracegrpc.WithHeaders(map[string]string{}), otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{}))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make OTLP client for traces: %w", err), conn.Close())
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(res), sdk.WithSampler(sdk.AlwaysSample()),
		sdk.WithBatcher(&toldExporter{SpanExporter: client, log: log}, sdk.WithExportTimeout(target.Timeout)))
	return &traces{
		conn: conn, provider: provider, looks: map[string][]pipeline.Looked{},
		tracer: provider.Tracer(scopeName, trace.WithInstrumentationVersion(version)),
	}, nil
}

// looked makes spans of a round when it has ended.
func (t *traces) looked(connection string, l pipeline.Looked) {
	t.mu.Lock()
	if l.Kind != pipeline.LookRound {
		looks := t.looks[connection]
		if len(looks) == maxChildren {
			looks = looks[1:] // the newest are kept: the oldest may have been made before the round began
		}
		t.looks[connection] = append(looks, l)
		t.mu.Unlock()
		return
	}
	looks := t.looks[connection]
	delete(t.looks, connection)
	t.mu.Unlock()

	name := attribute.String("nats.connection", connection)
	ctx, round := t.begin(context.Background(), name, l)
	for _, inner := range looks {
		if !inner.Began.Before(l.Began) {
			_, span := t.begin(ctx, name, inner)
			finish(span, inner)
		}
	}
	finish(round, l)
}

func (t *traces) begin(ctx context.Context, connection attribute.KeyValue, l pipeline.Looked) (context.Context, trace.Span) {
	name := "look at " + string(l.Kind)
	if l.Kind == pipeline.LookRound {
		name = "round"
	}
	return t.tracer.Start(ctx, name, trace.WithTimestamp(l.Began), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(connection, attribute.Int("mirrorwatch.look.streams", l.Streams)))
}

func finish(span trace.Span, l pipeline.Looked) {
	if l.Err != nil {
		span.SetStatus(codes.Error, l.Err.Error())
	}
	span.End(trace.WithTimestamp(l.Began.Add(l.Took)))
}

// shutdown sends what is left, and closes the connection.
func (t *traces) shutdown(ctx context.Context) error {
	err := t.provider.Shutdown(ctx)
	if closing := t.conn.Close(); err == nil {
		err = closing
	}
	return err
}

// toldExporter logs when spans begin not to arrive, and when they do again; the SDK would write each failure to standard error.
type toldExporter struct {
	sdk.SpanExporter
	log *slog.Logger

	failing bool // the SDK exports one batch at a time
}

func (e *toldExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !e.failing:
		e.log.WarnContext(ctx, "traces do not arrive", "error", err)
	case err == nil && e.failing:
		e.log.InfoContext(ctx, "traces arrive again")
	}
	e.failing = err != nil
	return nil
}
