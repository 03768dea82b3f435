package otlp

import (
	"iter"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/pipeline"
)

// points are the data points of some links, by metric.
type points struct {
	age, limit, blackout            []metricdata.DataPoint[float64]
	lag, atRisk, status, violations []metricdata.DataPoint[int64]
}

// renderLinks yields the metrics of all links in portions whose points take at most budget bytes encoded (a link that
// takes more is a portion of its own). A portion is valid until the next one is asked for.
func renderLinks(links []pipeline.LinkStatus, started, now time.Time, budget int) iter.Seq[[]metricdata.Metrics] {
	return func(yield func([]metricdata.Metrics) bool) {
		var p points
		var keys [maxAttributes]attribute.KeyValue
		size := 0
		for i := range links {
			attributes := appendAttributes(keys[:0], &links[i].Subject)
			need := pointSize(attributesSize(attributes)) * pointsOf(&links[i])
			if size > 0 && size+need > budget {
				if !yield(p.metrics()) {
					return
				}
				p.reset()
				size = 0
			}
			p.add(&links[i], attribute.NewSet(attributes...), started, now)
			size += need
		}
		if size > 0 {
			yield(p.metrics())
		}
	}
}

// pointsOf is how many points add makes of a link.
func pointsOf(l *pipeline.LinkStatus) int {
	n := 3
	for _, has := range []bool{!l.Proof.IsZero(), l.Limit > 0, l.Reported, riskKnown(&l.Risk)} {
		if has {
			n++
		}
	}
	return n
}

// add appends the link's points. What is not known is left out: an age of 0 or -1 would be a lie.
func (p *points) add(l *pipeline.LinkStatus, attributes attribute.Set, started, now time.Time) {
	if !l.Proof.IsZero() {
		age := max(0, now.Sub(l.Proof).Seconds())
		p.age = append(p.age, metricdata.DataPoint[float64]{Attributes: attributes, Time: now, Value: age})
	}
	if l.Limit > 0 {
		p.limit = append(p.limit, metricdata.DataPoint[float64]{Attributes: attributes, Time: now, Value: l.Limit.Seconds()})
	}
	if l.Reported {
		p.lag = append(p.lag, metricdata.DataPoint[int64]{Attributes: attributes, Time: now, Value: count(l.Lag)})
	}
	if riskKnown(&l.Risk) {
		p.atRisk = append(p.atRisk, metricdata.DataPoint[int64]{Attributes: attributes, Time: now, Value: count(l.Risk.Messages)})
	}
	p.status = append(p.status, metricdata.DataPoint[int64]{Attributes: attributes, Time: now, Value: int64(l.Level)})
	// A link seen first while the agent runs counts from there: a stream that is deleted and made again starts anew.
	start := started
	if l.First.After(start) && l.First.Before(now) {
		start = l.First
	}
	p.violations = append(p.violations, metricdata.DataPoint[int64]{
		Attributes: attributes, StartTime: start, Time: now, Value: count(l.Violations),
	})
	p.blackout = append(p.blackout, metricdata.DataPoint[float64]{
		Attributes: attributes, StartTime: start, Time: now, Value: l.BlackoutAt(now).Seconds(),
	})
}

// metrics returns the metrics that have points. They share the points' memory.
func (p *points) metrics() []metricdata.Metrics {
	all := []metricdata.Metrics{
		{
			Name: "nats.replication.status", Description: "0 ok, 1 warning, 2 critical, 3 unknown.",
			Data: metricdata.Gauge[int64]{DataPoints: p.status},
		},
		{
			Name: "nats.replication.violations", Unit: "{violation}", Description: "How often the link was silent past its limit.",
			Data: counter(p.violations),
		},
		{
			Name: "nats.replication.blackout.time", Unit: "s", Description: "Time that the link was silent past its limit.",
			Data: counter(p.blackout),
		},
	}
	if len(p.age) > 0 {
		all = append(all, metricdata.Metrics{
			Name: "nats.replication.last_seen.age", Unit: "s", Description: "Time since contact with the origin was last proven.",
			Data: metricdata.Gauge[float64]{DataPoints: p.age},
		})
	}
	if len(p.limit) > 0 {
		all = append(all, metricdata.Metrics{
			Name: "nats.replication.limit", Unit: "s", Description: "Age of the last proof that is critical.",
			Data: metricdata.Gauge[float64]{DataPoints: p.limit},
		})
	}
	if len(p.lag) > 0 {
		all = append(all, metricdata.Metrics{
			Name: "nats.replication.lag", Unit: "{message}", Description: "Messages that are missing, as the server reports them.",
			Data: metricdata.Gauge[int64]{DataPoints: p.lag},
		})
	}
	if len(p.atRisk) > 0 {
		all = append(all, metricdata.Metrics{
			Name: "nats.replication.at_risk", Unit: "{message}", Description: "Messages that a failover now would lose; at least so many where the origin cannot be seen.",
			Data: metricdata.Gauge[int64]{DataPoints: p.atRisk},
		})
	}
	return all
}

// riskKnown tells whether a number can be told: the count, or a lower bound that says something. A bound of 0 would be read as
// "nothing is at risk".
func riskKnown(r *pipeline.Risk) bool {
	return r.Failover != "" && (!r.AtLeast || r.Messages > 0)
}

func (p *points) reset() {
	p.age, p.limit, p.blackout = p.age[:0], p.limit[:0], p.blackout[:0]
	p.lag, p.atRisk, p.status, p.violations = p.lag[:0], p.atRisk[:0], p.status[:0], p.violations[:0]
}

// renderFleet counts the links by level. All levels are there, so that none is missing where there is no link.
func renderFleet(links []pipeline.LinkStatus, now time.Time) metricdata.Metrics {
	levels := []pipeline.Level{pipeline.OK, pipeline.Warning, pipeline.Critical, pipeline.Unknown}
	counts := make(map[pipeline.Level]int64, len(levels))
	for i := range links {
		counts[links[i].Level]++
	}
	var p []metricdata.DataPoint[int64]
	for _, level := range levels {
		p = append(p, metricdata.DataPoint[int64]{
			Attributes: attribute.NewSet(attribute.String("nats.replication.state", level.String())),
			Time:       now, Value: counts[level],
		})
	}
	return metricdata.Metrics{
		Name: "nats.replication.links", Unit: "{link}", Description: "Watched links by state.",
		Data: metricdata.Gauge[int64]{DataPoints: p},
	}
}

func counter[N int64 | float64](p []metricdata.DataPoint[N]) metricdata.Sum[N] {
	return metricdata.Sum[N]{DataPoints: p, Temporality: metricdata.CumulativeTemporality, IsMonotonic: true}
}

func count(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

const maxAttributes = 8

// appendAttributes appends what identifies the link, in the order of the keys, which spares the set its sorting.
func appendAttributes(to []attribute.KeyValue, s *pipeline.Subject) []attribute.KeyValue {
	for _, a := range [maxAttributes]struct{ key, value string }{
		{"nats.account", s.Account},
		{"nats.connection", s.Connection},
		{"nats.jetstream.domain", s.Domain},
		{"nats.origin.filter", s.Filter},
		{"nats.origin.name", s.Origin},
		{"nats.origin.via", s.Via},
		{"nats.replication.kind", string(s.Kind)},
		{"nats.stream.name", s.Stream},
	} {
		if a.value != "" {
			// A request with one string that is not UTF-8 could not be encoded at all.
			to = append(to, attribute.String(a.key, strings.ToValidUTF8(a.value, "\uFFFD")))
		}
	}
	return to
}
