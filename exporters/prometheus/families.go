package prometheus

import (
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/pipeline"
)

const (
	gauge     = "gauge"
	counter   = "counter"
	histogram = "histogram"
)

func kind(counts bool) string {
	if counts {
		return counter
	}
	return gauge
}

// linkFamily is one metric of links, read from the board while it is written.
func (h *Handler) linkFamily(m series.Metric, which series.Which, now time.Time) family {
	return family{
		name: familyName(m.Name, m.Unit, m.Counter), help: m.Description, kind: kind(m.Counter),
		samples: func(p *page) {
			var keys [series.MaxAttributes]attribute.KeyValue
			for l := range h.links(which) {
				if !p.link(&m, l, keys[:0], now) {
					return
				}
			}
		},
	}
}

// link writes a link's sample, where its value is known. It returns false once nothing can be written any more.
func (p *page) link(m *series.Metric, l *pipeline.LinkStatus, keys []attribute.KeyValue, now time.Time) bool {
	var whole int64
	var v float64
	var known bool
	if m.Int != nil {
		whole, known = m.Int(l, now)
	} else {
		v, known = m.Float(l, now)
	}
	if !known {
		return true
	}
	if !p.sample("") {
		return false
	}
	p.attributes(series.AppendAttributes(keys, &l.Subject))
	if m.Int != nil {
		p.integer(whole)
	} else {
		p.value(v)
	}
	return true
}

// metricFamily is a metric that is at hand as a whole. Sums that may fall are gauges.
func metricFamily(m *metricdata.Metrics) family {
	f := family{help: m.Description, kind: gauge}
	switch data := m.Data.(type) {
	case metricdata.Gauge[int64]:
		f.samples = numbers(data.DataPoints)
	case metricdata.Gauge[float64]:
		f.samples = numbers(data.DataPoints)
	case metricdata.Sum[int64]:
		f.kind, f.samples = kind(data.IsMonotonic), numbers(data.DataPoints)
	case metricdata.Sum[float64]:
		f.kind, f.samples = kind(data.IsMonotonic), numbers(data.DataPoints)
	case metricdata.Histogram[float64]:
		f.kind, f.samples = histogram, func(p *page) { p.histograms(data.DataPoints) }
	default: // there is no other that we make
		f.samples = func(*page) {}
	}
	f.name = familyName(m.Name, m.Unit, f.kind == counter)
	return f
}

func numbers[N int64 | float64](points []metricdata.DataPoint[N]) func(*page) {
	return func(p *page) {
		for i := range points {
			if !p.sample("") {
				return
			}
			p.attributes(points[i].Attributes.ToSlice())
			switch v := any(points[i].Value).(type) {
			case int64:
				p.integer(v)
			case float64:
				p.value(v)
			}
		}
	}
}

// histograms writes buckets, which count what is in those below them too, sum and count.
func (p *page) histograms(points []metricdata.HistogramDataPoint[float64]) {
	for i := range points {
		h := &points[i]
		attributes := h.Attributes.ToSlice()
		below := uint64(0)
		for k, n := range h.BucketCounts {
			bound := "+Inf"
			if k < len(h.Bounds) {
				bound = strconv.FormatFloat(h.Bounds[k], 'g', -1, 64)
			}
			below += n
			if !p.sample("_bucket") {
				return
			}
			p.attributes(attributes)
			p.label("le", bound)
			p.integer(int64(below))
		}
		if !p.sample("_sum") {
			return
		}
		p.attributes(attributes)
		p.value(h.Sum)
		if !p.sample("_count") {
			return
		}
		p.attributes(attributes)
		p.integer(int64(h.Count))
	}
}
