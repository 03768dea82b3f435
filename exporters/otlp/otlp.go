// Package otlp reports the newest picture as OpenTelemetry metrics: the links' from the board, which no SDK instrument holds
// (those fold 2,000 and more series into one, silently), and the agent's own; where it is asked to, also traces of rounds.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/pipeline"
)

// Exporter is a pipeline.Reporter that sends to one OTLP endpoint.
type Exporter struct {
	cfg      Config
	timeout  time.Duration // of a request
	log      *slog.Logger
	conn     *otlpconn.Conn
	client   *otlpmetricgrpc.Exporter // nil: switched off
	answers  answers
	resource *resource.Resource
	scope    instrumentation.Scope
	own      Own
	traces   *traces // nil: there are none
	most     int     // bytes of a request

	mu       sync.Mutex // one report at a time
	deltas   *deltas
	rejected int64  // data points, ever
	told     string // what the server said of the newest partly accepted export
}

var _ pipeline.Reporter = (*Exporter)(nil)

// Own gives the agent's own metrics as they stand, cumulative; with an error, those that could be had.
type Own func(context.Context) ([]metricdata.Metrics, error)

const scopeName = "mirrorwatch"

// New returns an exporter, not yet connected: that happens with the first report. OTEL_SDK_DISABLED=true makes one that
// does nothing, OTEL_METRICS_EXPORTER=none one that exports no metrics. Own may be nil. Its owner calls Shutdown.
func New(ctx context.Context, cfg Config, version string, own Own, log *slog.Logger) (*Exporter, error) {
	preference, err := cfg.temporality()
	if err != nil {
		return nil, fmt.Errorf("read temporality: %w", err)
	}
	e := &Exporter{
		cfg: cfg, log: log, own: own, deltas: newDeltas(preference),
		scope: instrumentation.Scope{Name: scopeName, Version: version}, most: mostPortion,
	}
	if Disabled() {
		return e, nil
	}
	if e.resource, err = newResource(ctx, version); err != nil {
		return nil, err
	}
	if !without(otlpconn.Metrics) {
		if err := e.dial(ctx, version); err != nil {
			return nil, err
		}
	}
	if cfg.Traces && !without(otlpconn.Traces) {
		if e.traces, err = newTraces(ctx, &e.cfg, version, e.resource, log); err != nil {
			return nil, errors.Join(err, e.Shutdown(ctx))
		}
	}
	return e, nil
}

// dial makes the client. It is given all that it would read from the environment, and tries nothing again: the next export has
// fresher data.
func (e *Exporter) dial(ctx context.Context, version string) error {
	target, err := e.cfg.Target(otlpconn.Metrics)
	if err != nil {
		return fmt.Errorf("read where metrics go: %w", err)
	}
	if e.conn, err = target.Dial(version, e.answers.read); err != nil {
		return err
	}
	e.timeout = target.Timeout
	e.client, err = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithGRPCConn(e.conn.ClientConn), otlpmetricgrpc.WithTimeout(e.timeout),
		otlpmetricgrpc.WithHeaders(map[string]string{}), otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}))
	if err != nil {
		return errors.Join(fmt.Errorf("make OTLP client: %w", err), e.conn.Close())
	}
	return nil
}

// Looked tells of a look, for the traces.
func (e *Exporter) Looked(connection string, l pipeline.Looked) {
	if e.traces != nil {
		e.traces.looked(connection, l)
	}
}

// Shutdown closes the connections, once a report under way has ended; later ones fail. It sends no metrics: who wants the
// last state sent reports once more first. Traces that wait are sent.
func (e *Exporter) Shutdown(ctx context.Context) error {
	var errs []error
	if e.client != nil {
		errs = append(errs, e.client.Shutdown(ctx), e.conn.Close())
	}
	if e.traces != nil {
		errs = append(errs, e.traces.shutdown(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("shut down OTLP exporter: %w", err)
	}
	return nil
}
