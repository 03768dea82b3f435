package otlp

import (
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/pipeline"
)

// deltas makes what was added out of totals. What a server accepted of a series is kept, so that what it did not accept is part
// of the next delta: nothing is lost or told twice, unless an acceptance itself is lost on its way. A series to which nothing
// was added has no point, and one to which nothing was ever added is not kept.
type deltas struct {
	preference Temporality
	since      time.Time // what was counted before is not told; zero: all is
	accepted   map[seriesKey]total
	sent       map[seriesKey]total // of the request under way
}

// seriesKey identifies a series within the exporter.
type seriesKey struct {
	metric     string
	attributes attribute.Distinct
}

// total is what a series counted up to a time.
type total struct {
	at        time.Time
	int       int64
	float     float64
	histogram metricdata.HistogramDataPoint[float64]
}

func newDeltas(preference Temporality) *deltas {
	return &deltas{preference: preference, accepted: map[seriesKey]total{}, sent: map[seriesKey]total{}}
}

// wanted tells whether a counter, or a histogram, is told as what was added.
func (d *deltas) wanted(metric string, counter bool) bool {
	switch d.preference {
	case Delta:
		return true
	case LowMemory: // what is read from elsewhere stays cumulative
		return !counter || strings.HasPrefix(metric, "mirrorwatch.") && metric != "mirrorwatch.deliveries"
	}
	return false
}

// of returns metrics for a request with their totals replaced, in the same memory, as far as the preference says so. Accept or
// refuse follows.
func (d *deltas) of(metrics []metricdata.Metrics) []metricdata.Metrics {
	if d.preference == Cumulative {
		return metrics
	}
	kept := metrics[:0]
	for _, m := range metrics {
		points := 1
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			m.Data, points = deltaSum(d, m.Name, data, func(t *total) *int64 { return &t.int })
		case metricdata.Sum[float64]:
			m.Data, points = deltaSum(d, m.Name, data, func(t *total) *float64 { return &t.float })
		case metricdata.Histogram[float64]:
			m.Data, points = d.histogram(m.Name, data)
		}
		if points > 0 {
			kept = append(kept, m)
		}
	}
	return kept
}

func deltaSum[N int64 | float64](d *deltas, name string, data metricdata.Sum[N], value func(*total) *N) (metricdata.Aggregation, int) {
	if !data.IsMonotonic || !d.wanted(name, true) {
		return data, len(data.DataPoints)
	}
	kept := data.DataPoints[:0]
	for _, p := range data.DataPoints {
		key := seriesKey{name, p.Attributes.Equivalent()}
		before, known := d.accepted[key]
		had := *value(&before)
		if !known || p.Value < had || p.StartTime.After(before.at) { // it counts anew
			before, had = total{at: d.from(p.StartTime, before)}, 0
		}
		if p.Value == had {
			continue
		}
		now := total{at: p.Time}
		*value(&now) = p.Value
		d.sent[key] = now
		p.StartTime, p.Value = before.at, p.Value-had
		kept = append(kept, p)
	}
	data.DataPoints, data.Temporality = kept, metricdata.DeltaTemporality
	return data, len(kept)
}

func (d *deltas) histogram(name string, data metricdata.Histogram[float64]) (metricdata.Aggregation, int) {
	if !d.wanted(name, false) {
		return data, len(data.DataPoints)
	}
	kept := data.DataPoints[:0]
	for _, p := range data.DataPoints {
		key := seriesKey{name, p.Attributes.Equivalent()}
		before, known := d.accepted[key]
		had := before.histogram
		if !known || p.Count < had.Count || p.StartTime.After(before.at) || !slices.Equal(p.Bounds, had.Bounds) {
			before, had = total{at: d.from(p.StartTime, before)}, metricdata.HistogramDataPoint[float64]{}
		}
		if p.Count == had.Count {
			continue
		}
		d.sent[key] = total{at: p.Time, histogram: p}
		p.StartTime, p.Count, p.Sum = before.at, p.Count-had.Count, p.Sum-had.Sum
		p.Min, p.Max = metricdata.Extrema[float64]{}, metricdata.Extrema[float64]{} // of what was added they are not known
		p.BucketCounts = slices.Clone(p.BucketCounts)
		for i := range had.BucketCounts {
			p.BucketCounts[i] -= had.BucketCounts[i]
		}
		kept = append(kept, p)
	}
	data.DataPoints, data.Temporality = kept, metricdata.DeltaTemporality
	return data, len(kept)
}

// from is when the first delta begins of a series that counts from a time on: not before what is told of it ends.
func (d *deltas) from(start time.Time, before total) time.Time {
	for _, told := range []time.Time{d.since, before.at} {
		if start.Before(told) {
			start = told
		}
	}
	return start
}

// accept keeps what the request told.
func (d *deltas) accept() {
	for key, t := range d.sent {
		d.accepted[key] = t
	}
	clear(d.sent)
}

// refuse leaves what the request told to the next.
func (d *deltas) refuse() { clear(d.sent) }

// forget drops what is kept of links that are gone. A link that never counted anything is not kept anyway.
func (d *deltas) forget(b *pipeline.Board) {
	if len(d.accepted) == 0 {
		return
	}
	there := map[attribute.Distinct]bool{}
	var keys [series.MaxAttributes]attribute.KeyValue
	for l := range b.Links() {
		if l.Violations > 0 || l.Blackout > 0 || l.Dark {
			set := attribute.NewSet(series.AppendAttributes(keys[:0], &l.Subject)...)
			there[set.Equivalent()] = true
		}
	}
	for key := range d.accepted {
		if strings.HasPrefix(key.metric, "nats.replication.") && !there[key.attributes] {
			delete(d.accepted, key)
		}
	}
}
