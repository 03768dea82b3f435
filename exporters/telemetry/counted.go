package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"mirrorwatch/pipeline"
)

// counted is what is told as it happens.
type counted struct {
	duration       metric.Float64Histogram
	failures       metric.Int64Counter
	looks          metric.Int64Counter
	lateness       metric.Float64Histogram
	proofs         metric.Int64Counter
	commits        metric.Float64Histogram
	commitFailures metric.Int64Counter
}

func newCounted(m *maker) counted {
	return counted{
		duration: m.histogram("mirrorwatch.look.duration", "Time from the question of a look to the end of its answer.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60),
		failures: m.counter("mirrorwatch.look.failures", "{look}", "Looks that fell short as a whole."),
		looks:    m.counter("mirrorwatch.looks", "{stream}", "Streams that were asked about."),
		lateness: m.histogram("mirrorwatch.ring.lateness", "How late a connection's ring did what was due.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5),
		proofs: m.counter("mirrorwatch.proofs", "{proof}", "Proofs of contact between links and their origins."),
		commits: m.histogram("mirrorwatch.journal.commit.duration", "Time that a commit to the journal took.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5),
		commitFailures: m.counter("mirrorwatch.journal.commit.failures", "{commit}", "Commits to the journal that failed."),
	}
}

// Looked counts a look. One that was cancelled from our side tells nothing.
func (o *Own) Looked(connection string, l pipeline.Looked) {
	if errors.Is(l.Err, context.Canceled) {
		return
	}
	ctx, of := context.Background(), o.series(about{connection, l.Kind, ""})
	o.done.duration.Record(ctx, l.Took.Seconds(), of.record...)
	o.done.looks.Add(ctx, int64(l.Streams), of.add...)
	if l.Err != nil {
		o.done.failures.Add(ctx, 1, o.series(about{connection, l.Kind, lookFault(l.Err)}).add...)
	}
}

// about is what looks and turns are counted by.
type about struct {
	connection string
	kind       pipeline.LookKind // empty: of no look
	fault      string            // empty: none
}

// series is a set of attributes, as instruments take it.
type series struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

// series returns the attributes, made once.
func (o *Own) series(of about) *series {
	if known, ok := o.made.Load(of); ok {
		return known.(*series)
	}
	all := []attribute.KeyValue{connectionName(of.connection)}
	if of.kind != "" {
		all = append(all, attribute.String("mirrorwatch.look.scope", string(of.kind)))
	}
	if of.fault != "" {
		all = append(all, attribute.String("error.type", of.fault))
	}
	set := metric.WithAttributeSet(attribute.NewSet(all...))
	made, _ := o.made.LoadOrStore(of, &series{[]metric.AddOption{set}, []metric.RecordOption{set}})
	return made.(*series)
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

// Turned counts what a ring did.
func (o *Own) Turned(connection string, late time.Duration, proofs int) {
	ctx, of := context.Background(), o.series(about{connection: connection})
	o.done.lateness.Record(ctx, late.Seconds(), of.record...)
	o.done.proofs.Add(ctx, int64(proofs), of.add...)
}

// Committed counts a commit to the journal, which failed with err or succeeded.
func (o *Own) Committed(took time.Duration, err error) {
	o.done.commits.Record(context.Background(), took.Seconds())
	failed := int64(0)
	if err != nil {
		failed = 1
	}
	o.done.commitFailures.Add(context.Background(), failed)
}
