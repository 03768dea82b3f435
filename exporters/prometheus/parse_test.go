package prometheus

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func text(t testing.TB, h *Handler, now time.Time) string {
	t.Helper()
	var out strings.Builder
	if err := h.write(t.Context(), &out, now); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// parsed is a page as Prometheus reads it: samples by type, name and labels, and what HELP says by name.
type parsed struct {
	samples map[string]float64
	help    map[string]string
}

func parse(t testing.TB, from io.Reader) parsed {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(from)
	if err != nil {
		t.Fatal(err)
	}
	all := parsed{map[string]float64{}, map[string]string{}}
	for name, f := range families {
		all.help[name] = f.GetHelp()
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			put := func(part string, value float64) {
				key := fmt.Sprintf("%s %s%s%v", f.GetType(), name, part, labels)
				if _, twice := all.samples[key]; twice {
					t.Errorf("twice: %s", key)
				}
				all.samples[key] = value
			}
			switch {
			case m.GetHistogram() != nil:
				put(" sum", m.GetHistogram().GetSampleSum())
				put(" count", float64(m.GetHistogram().GetSampleCount()))
				for _, b := range m.GetHistogram().GetBucket() {
					put(fmt.Sprintf(" to %g", b.GetUpperBound()), float64(b.GetCumulativeCount()))
				}
			case m.GetCounter() != nil:
				put("", m.GetCounter().GetValue())
			default:
				put("", m.GetGauge().GetValue())
			}
		}
	}
	return all
}

// sent is the same of metrics as OTLP sends them.
func sent(all map[string]float64, metrics []metricdata.Metrics) {
	for _, m := range metrics {
		switch data := m.Data.(type) {
		case metricdata.Gauge[int64]:
			gather(all, m, "GAUGE", data.DataPoints)
		case metricdata.Gauge[float64]:
			gather(all, m, "GAUGE", data.DataPoints)
		case metricdata.Sum[int64]:
			gather(all, m, "COUNTER", data.DataPoints)
		case metricdata.Sum[float64]:
			gather(all, m, "COUNTER", data.DataPoints)
		}
	}
}

func gather[N int64 | float64](to map[string]float64, m metricdata.Metrics, kind string, points []metricdata.DataPoint[N]) {
	for _, p := range points {
		var labels []string
		for _, kv := range p.Attributes.ToSlice() {
			labels = append(labels, fmt.Sprintf("%s=%q", strings.ReplaceAll(string(kv.Key), ".", "_"), kv.Value.AsString()))
		}
		slices.Sort(labels)
		to[fmt.Sprintf("%s %s%v", kind, familyName(m.Name, m.Unit, kind == "COUNTER"), labels)] = float64(p.Value)
	}
}
