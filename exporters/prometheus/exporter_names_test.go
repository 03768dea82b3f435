package prometheus

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/exporters/internal/series"
)

func TestLinksAreToldUnderTheExportersNamesWhenAsked(t *testing.T) {
	now := time.Now()
	board := fleet(now)
	for name := range parse(t, strings.NewReader(text(t, open(board, nothing, Default()), now))).help {
		if strings.HasPrefix(name, "jetstream_") {
			t.Errorf("%s is there unasked", name)
		}
	}
	all := parse(t, strings.NewReader(text(t, open(board, nothing, Config{Links: series.All, ExporterNames: true}), now))).samples
	maps.DeleteFunc(all, func(key string, _ float64) bool {
		return !strings.HasPrefix(key, "GAUGE jetstream_") || !strings.Contains(key, `"C"`) && !strings.Contains(key, `"D"`)
	})
	of := `account="ACME" account_name="ACME" connection="hub" domain="eu" `
	want := map[string]float64{
		`GAUGE jetstream_stream_mirror_active_duration_ns[` + of + `mirror_name="ORDERS" stream_name="C"]`: -1,
	}
	for _, filter := range []string{"orders.>", "returns.>"} {
		source := of + `source_api="$JS.leaf.API" source_filter="` + filter + `" source_name="ORDERS" stream_name="D"]`
		want["GAUGE jetstream_stream_source_lag["+source] = 12
		want["GAUGE jetstream_stream_source_active_duration_ns["+source] = 1.5e9
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
