package prometheus

import (
	"math"
	"strings"
	"time"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/pipeline"
)

// exporterFamilies are links under the names that prometheus-nats-exporter's jsz collector has for them, for dashboards that exist.
// Of its labels there are those that a link knows: which server told is not among them. Two labels are added, for several of our
// links may be one series there: connection, and the filter of a source.
//
// Its active_duration_ns is what the server says of itself; here it is the time since contact was last proven, which is that plus
// the time since the server was asked.
func (h *Handler) exporterFamilies(which series.Which, now time.Time) []family {
	var all []family
	for _, kind := range []pipeline.Kind{pipeline.KindMirror, pipeline.KindSource} {
		prefix := string(kind) + "_"
		each := func(value func(*pipeline.LinkStatus) (n int64, known bool)) func(*page) {
			return func(p *page) {
				for l := range h.links(which) {
					n, known := value(l)
					if l.Subject.Kind != kind || !known {
						continue
					}
					if !p.sample("") {
						return
					}
					p.exporterLabels(prefix, &l.Subject)
					p.integer(n)
				}
			}
		}
		all = append(all, family{
			name: "jetstream_stream_" + prefix + "lag", kind: gauge,
			help: "Number of messages a stream " + string(kind) + " is behind",
			samples: each(func(l *pipeline.LinkStatus) (int64, bool) {
				return int64(min(l.Lag, math.MaxInt64)), l.Reported
			}),
		}, family{
			name: "jetstream_stream_" + prefix + "active_duration_ns", kind: gauge,
			help: "Stream " + string(kind) + " active duration in nanoseconds (-1 indicates inactive)",
			samples: each(func(l *pipeline.LinkStatus) (int64, bool) {
				if l.Proof.IsZero() {
					return -1, true
				}
				return int64(max(0, now.Sub(l.Proof))), true
			}),
		})
	}
	return all
}

func (p *page) exporterLabels(prefix string, s *pipeline.Subject) {
	for _, l := range [...]struct{ key, value string }{
		{"account", s.Account},
		{"account_name", s.Account},
		{"connection", s.Connection},
		{"domain", s.Domain},
		{"stream_name", s.Stream},
		{prefix + "name", s.Origin},
		{prefix + "api", s.Via},
		{prefix + "filter", s.Filter},
	} {
		p.label(l.key, strings.ToValidUTF8(l.value, "\uFFFD"))
	}
}
