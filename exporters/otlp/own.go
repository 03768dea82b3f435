package otlp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/pipeline"
)

const scopeName = "mirrorwatch"

// Own is where the exporter asks for the agent's own state, once in each report.
type Own struct {
	Receivers func() []pipeline.ReceiverStats // nil: there are none
}

// own is the agent's own metrics. They are few, so the SDK keeps them.
type own struct {
	reader     *sdk.ManualReader
	provider   *sdk.MeterProvider
	duration   metric.Float64Histogram
	failures   metric.Int64Counter
	pending    metric.Int64ObservableGauge
	oldest     metric.Float64ObservableGauge
	deliveries metric.Int64ObservableCounter
}

func newOwn(from Own) (*own, error) {
	o := &own{reader: sdk.NewManualReader()}
	o.provider = sdk.NewMeterProvider(sdk.WithReader(o.reader), sdk.WithExemplarFilter(exemplar.AlwaysOffFilter))
	meter := o.provider.Meter(scopeName)
	var errs [6]error
	o.duration, errs[0] = meter.Float64Histogram("mirrorwatch.look.duration", metric.WithUnit("s"),
		metric.WithDescription("Time from the question of a look to the end of its answer."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10))
	o.failures, errs[1] = meter.Int64Counter("mirrorwatch.look.failures", metric.WithUnit("{look}"),
		metric.WithDescription("Looks that fell short as a whole."))
	o.pending, errs[2] = meter.Int64ObservableGauge("mirrorwatch.outbox.pending", metric.WithUnit("{batch}"),
		metric.WithDescription("Batches that wait for the receiver."))
	o.oldest, errs[3] = meter.Float64ObservableGauge("mirrorwatch.outbox.oldest_age", metric.WithUnit("s"),
		metric.WithDescription("Age of the oldest change that waits for the receiver; 0 where none does."))
	o.deliveries, errs[4] = meter.Int64ObservableCounter("mirrorwatch.deliveries", metric.WithUnit("{attempt}"),
		metric.WithDescription("Attempts to deliver, by what came of them."))
	if from.Receivers != nil {
		_, errs[5] = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
			now := time.Now()
			for _, r := range from.Receivers() {
				o.observeReceiver(to, &r, now)
			}
			return nil
		}, o.pending, o.oldest, o.deliveries)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("make own metrics: %w", err)
	}
	return o, nil
}

func (o *own) observeReceiver(to metric.Observer, r *pipeline.ReceiverStats, now time.Time) {
	name := attribute.String("mirrorwatch.receiver", r.Receiver)
	to.ObserveInt64(o.pending, int64(r.Pending), metric.WithAttributes(name))
	age := 0.0
	if r.Pending > 0 && !r.Oldest.IsZero() {
		age = max(0, now.Sub(r.Oldest).Seconds())
	}
	to.ObserveFloat64(o.oldest, age, metric.WithAttributes(name))
	for _, result := range []struct {
		name  string
		count uint64
	}{
		{pipeline.OutcomeDelivered, r.Delivered},
		{pipeline.OutcomeRetry, r.Retried},
		{pipeline.OutcomeRefused, r.Refused},
		{pipeline.OutcomeGivenUp, r.GivenUp},
	} {
		attributes := metric.WithAttributes(name, attribute.String("mirrorwatch.delivery.result", result.name))
		to.ObserveInt64(o.deliveries, count(result.count), attributes)
	}
}

// looked counts a look. One that was cancelled from our side tells nothing.
func (o *own) looked(connection string, l pipeline.Looked) {
	if errors.Is(l.Err, context.Canceled) {
		return
	}
	ctx := context.Background()
	name := attribute.String("nats.connection", connection)
	o.duration.Record(ctx, l.Took.Seconds(), metric.WithAttributes(name, attribute.String("mirrorwatch.look.scope", string(l.Kind))))
	if l.Err != nil {
		o.failures.Add(ctx, 1, metric.WithAttributes(name, attribute.String("error.type", lookFault(l.Err))))
	}
}

func lookFault(err error) string {
	switch {
	case errors.Is(err, pipeline.ErrDisconnected):
		return string(pipeline.FaultDisconnected)
	case errors.Is(err, pipeline.ErrNoAnswer), errors.Is(err, context.DeadlineExceeded):
		return string(pipeline.FaultNoAnswer)
	case errors.Is(err, pipeline.ErrDenied):
		return string(pipeline.FaultDenied)
	}
	return "_OTHER"
}

// collect returns the metrics as they stand.
func (o *own) collect(ctx context.Context) ([]metricdata.Metrics, error) {
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
