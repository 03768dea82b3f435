package telemetry

import (
	"math"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"mirrorwatch/pipeline"
)

// Sources are asked in each collection, from any goroutine. Those that are nil have nothing to tell.
type Sources struct {
	Receivers   func() []pipeline.ReceiverStats
	Connections func() []pipeline.ConnectionStatus
	Incidents   func() []pipeline.Incident // open
	JournalSize func() (bytes int64, known bool)
	Build       Build
}

// Build says which program this is.
type Build struct{ Version, Revision, Go string }

func observe(m *maker, from Sources) {
	if from.Receivers != nil {
		observeReceivers(m, from.Receivers)
	}
	if from.Connections != nil {
		observeConnections(m, from.Connections)
	}
	if from.Incidents != nil {
		observeIncidents(m, from.Incidents)
	}
	if from.JournalSize != nil {
		size := m.observedInt("mirrorwatch.journal.size", "By", "Size of the journal's file.")
		m.callback(func(to metric.Observer) {
			if bytes, known := from.JournalSize(); known {
				to.ObserveInt64(size, bytes)
			}
		}, size)
	}
	build := m.observedInt("mirrorwatch.build.info", "", "Always 1; the attributes say which program runs.")
	attributes := metric.WithAttributes(attribute.String("mirrorwatch.version", from.Build.Version),
		attribute.String("mirrorwatch.revision", from.Build.Revision), attribute.String("go.version", from.Build.Go))
	m.callback(func(to metric.Observer) { to.ObserveInt64(build, 1, attributes) }, build)
	observeProcess(m)
}

func observeReceivers(m *maker, receivers func() []pipeline.ReceiverStats) {
	pending := m.observedInt("mirrorwatch.outbox.pending", "{batch}", "Batches that wait for the receiver.")
	oldest := m.observedFloat("mirrorwatch.outbox.oldest_age", "s", "Age of the oldest change that waits for the receiver; 0 where none does.")
	deliveries := m.observedCounter("mirrorwatch.deliveries", "{attempt}", "Attempts to deliver, by what came of them.")
	m.callback(func(to metric.Observer) {
		now := time.Now()
		for _, r := range receivers() {
			name := attribute.String("mirrorwatch.receiver", r.Receiver)
			to.ObserveInt64(pending, int64(r.Pending), metric.WithAttributes(name))
			age := 0.0
			if r.Pending > 0 && !r.Oldest.IsZero() {
				age = max(0, now.Sub(r.Oldest).Seconds())
			}
			to.ObserveFloat64(oldest, age, metric.WithAttributes(name))
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
				to.ObserveInt64(deliveries, int64(min(result.count, math.MaxInt64)), attributes)
			}
		}
	}, pending, oldest, deliveries)
}

func observeConnections(m *maker, connections func() []pipeline.ConnectionStatus) {
	blind := m.observedInt("mirrorwatch.connection.blind", "", "Whether nothing can be seen over the connection: 1 or 0.")
	period := m.observedFloat("mirrorwatch.round.period", "s", "Time between rounds: longer than configured where the budget says so.")
	limit := m.observedFloat("mirrorwatch.looks.limit", "{stream}/s", "Streams that may be asked about.")
	demand := m.observedFloat("mirrorwatch.looks.demand", "{stream}/s", "Streams that the limits ask about beside the rounds.")
	m.callback(func(to metric.Observer) {
		for _, c := range connections() {
			name := metric.WithAttributes(connectionName(c.Name))
			value := int64(0)
			if c.Blind {
				value = 1
			}
			to.ObserveInt64(blind, value, name)
			to.ObserveFloat64(period, c.Period, name)
			to.ObserveFloat64(limit, c.Budget, name)
			to.ObserveFloat64(demand, c.Demand, name)
		}
	}, blind, period, limit, demand)
}

// observeIncidents counts those that are open. All levels that an incident can have are there.
func observeIncidents(m *maker, incidents func() []pipeline.Incident) {
	open := m.observedInt("mirrorwatch.incidents.open", "{incident}", "Open incidents by level.")
	m.callback(func(to metric.Observer) {
		counts := map[pipeline.Level]int64{pipeline.Warning: 0, pipeline.Critical: 0}
		for _, i := range incidents() {
			counts[i.Level]++
		}
		for level, n := range counts {
			to.ObserveInt64(open, n, metric.WithAttributes(attribute.String("mirrorwatch.incident.level", level.String())))
		}
	}, open)
}
