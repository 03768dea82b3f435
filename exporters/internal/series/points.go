package series

import (
	"iter"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/pipeline"
)

// points are the data points of some links, of one metric.
type points struct {
	Metric
	ints   []metricdata.DataPoint[int64]
	floats []metricdata.DataPoint[float64]

	i   int64 // of the link at hand, where known
	f   float64
	has bool
}

// Links yields the metrics of links in portions whose points take at most budget bytes encoded (a link that takes more is a
// portion of its own). A portion is valid until the next one is asked for. Counters count from started, cumulatively.
func Links(links iter.Seq[*pipeline.LinkStatus], started, now time.Time, budget int) iter.Seq[[]metricdata.Metrics] {
	return func(yield func([]metricdata.Metrics) bool) {
		all := newPoints()
		var keys [MaxAttributes]attribute.KeyValue
		size := 0
		for l := range links {
			attributes := AppendAttributes(keys[:0], &l.Subject)
			need := pointSize(AttributesSize(attributes)) * all.read(l, now)
			if size > 0 && size+need > budget {
				if !yield(all.metrics()) {
					return
				}
				all.reset()
				size = 0
			}
			all.add(attribute.NewSet(attributes...), start(l, started, now), now)
			size += need
		}
		if size > 0 {
			yield(all.metrics())
		}
	}
}

// portion is the points of some links, by metric.
type portion []points

func newPoints() portion {
	metrics := OfLinks()
	all := make(portion, len(metrics))
	for i := range metrics {
		all[i].Metric = metrics[i]
	}
	return all
}

// read takes over the values of a link, and returns how many it has.
func (all portion) read(l *pipeline.LinkStatus, now time.Time) int {
	n := 0
	for k := range all {
		p := &all[k]
		if p.Int != nil {
			p.i, p.has = p.Int(l, now)
		} else {
			p.f, p.has = p.Float(l, now)
		}
		if p.has {
			n++
		}
	}
	return n
}

// add appends what was read as points of the link with these attributes.
func (all portion) add(attributes attribute.Set, since, now time.Time) {
	for k := range all {
		p := &all[k]
		var from time.Time
		if p.Counter {
			from = since
		}
		switch {
		case !p.has:
		case p.Int != nil:
			p.ints = append(p.ints, metricdata.DataPoint[int64]{Attributes: attributes, StartTime: from, Time: now, Value: p.i})
		default:
			p.floats = append(p.floats, metricdata.DataPoint[float64]{Attributes: attributes, StartTime: from, Time: now, Value: p.f})
		}
	}
}

func (all portion) reset() {
	for k := range all {
		all[k].ints, all[k].floats = all[k].ints[:0], all[k].floats[:0]
	}
}

// metrics returns the metrics that have points. They share the points' memory.
func (all portion) metrics() []metricdata.Metrics {
	var metrics []metricdata.Metrics
	for k := range all {
		p := &all[k]
		m := metricdata.Metrics{Name: p.Name, Unit: p.Unit, Description: p.Description}
		switch {
		case len(p.ints) > 0:
			m.Data = aggregation(p.Counter, p.ints)
		case len(p.floats) > 0:
			m.Data = aggregation(p.Counter, p.floats)
		default:
			continue
		}
		metrics = append(metrics, m)
	}
	return metrics
}

func aggregation[N int64 | float64](counter bool, p []metricdata.DataPoint[N]) metricdata.Aggregation {
	if counter {
		return metricdata.Sum[N]{DataPoints: p, Temporality: metricdata.CumulativeTemporality, IsMonotonic: true}
	}
	return metricdata.Gauge[N]{DataPoints: p}
}

// Fleet counts the links by level. All levels are there, so that none is missing where there is no link.
func Fleet(links iter.Seq[*pipeline.LinkStatus], now time.Time) metricdata.Metrics {
	levels := []pipeline.Level{pipeline.OK, pipeline.Warning, pipeline.Critical, pipeline.Unknown}
	counts := make(map[pipeline.Level]int64, len(levels))
	for l := range links {
		counts[l.Level]++
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
