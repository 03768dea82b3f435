// Package telemetry is the agent's own metrics, for every exporter alike: what it does, how late, and what it costs. They are
// few, so that the SDK keeps them, cumulatively, from the agent's start on.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/pipeline"
)

// ScopeName is the instrumentation scope of all metrics.
const ScopeName = "mirrorwatch"

// runtimeEvery is how old the numbers of the Go runtime may be.
const runtimeEvery = time.Second

// Own is the agent's own metrics. It is a pipeline.Observer; its methods may be called from any goroutine.
type Own struct {
	reader   *sdk.ManualReader
	provider *sdk.MeterProvider
	done     counted
	made     sync.Map // of *series, by about
}

var _ pipeline.Observer = (*Own)(nil)

// New returns metrics that ask from for what they do not count themselves. Its owner calls Shutdown.
func New(from Sources) (*Own, error) {
	o := &Own{reader: sdk.NewManualReader()}
	// Prometheus keeps names in _count for histograms, and has one of its own for this.
	goroutines := sdk.NewView(sdk.Instrument{Name: "go.goroutine.count"}, sdk.Stream{Name: "go.goroutines"})
	o.provider = sdk.NewMeterProvider(sdk.WithReader(o.reader), sdk.WithExemplarFilter(exemplar.AlwaysOffFilter), sdk.WithView(goroutines))
	m := &maker{meter: o.provider.Meter(ScopeName)}
	o.done = newCounted(m)
	observe(m, from)
	m.problem(runtime.Start(runtime.WithMeterProvider(o.provider), runtime.WithMinimumReadMemStatsInterval(runtimeEvery)))
	if err := errors.Join(m.problems...); err != nil {
		return nil, fmt.Errorf("make own metrics: %w", err)
	}
	return o, nil
}

// Collect returns the metrics as they stand. What could not be collected is told; the rest is there.
func (o *Own) Collect(ctx context.Context) ([]metricdata.Metrics, error) {
	var all metricdata.ResourceMetrics
	err := o.reader.Collect(ctx, &all)
	var metrics []metricdata.Metrics
	for i := range all.ScopeMetrics {
		metrics = append(metrics, all.ScopeMetrics[i].Metrics...)
	}
	if err != nil {
		return metrics, fmt.Errorf("collect own metrics: %w", err)
	}
	return metrics, nil
}

// Shutdown ends the collection: there is nothing to collect afterwards.
func (o *Own) Shutdown(ctx context.Context) error {
	if err := o.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("shut down own metrics: %w", err)
	}
	return nil
}

// maker makes instruments, and gathers what went wrong.
type maker struct {
	meter    metric.Meter
	problems []error
}

func (m *maker) problem(err error) { m.problems = append(m.problems, err) }

func (m *maker) counter(name, unit, description string) metric.Int64Counter {
	c, err := m.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.problem(err)
	return c
}

func (m *maker) histogram(name, description string, bounds ...float64) metric.Float64Histogram {
	h, err := m.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(bounds...))
	m.problem(err)
	return h
}

func (m *maker) observedInt(name, unit, description string) metric.Int64ObservableGauge {
	g, err := m.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.problem(err)
	return g
}

func (m *maker) observedFloat(name, unit, description string) metric.Float64ObservableGauge {
	g, err := m.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.problem(err)
	return g
}

func (m *maker) observedCounter(name, unit, description string) metric.Int64ObservableCounter {
	c, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.problem(err)
	return c
}

// callback has observe called in each collection. It gives no error: one would blank all metrics, and what cannot be seen is
// simply not there.
func (m *maker) callback(observe func(metric.Observer), instruments ...metric.Observable) {
	_, err := m.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		observe(to)
		return nil
	}, instruments...)
	m.problem(err)
}

// connectionName names the connection that a point is of.
func connectionName(name string) attribute.KeyValue { return attribute.String("nats.connection", name) }
