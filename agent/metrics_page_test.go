package agent

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"mirrorwatch/pipeline/pipelinetest"
)

// scrape returns by name how many series of each family an agent's page has, as Prometheus reads it.
func scrape(t testing.TB, api string) map[string]int {
	t.Helper()
	response, err := http.Get(api + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", response.Status, err)
	}
	all := map[string]int{}
	for name, f := range families {
		all[name] = len(f.GetMetric())
	}
	return all
}

func TestARunningAgentsMetricsPage(t *testing.T) {
	t.Parallel()
	server, js := few(t)
	text := watching(t, server, startPager(t))
	a := runFile(t, text)
	var page map[string]int
	pipelinetest.Eventually(t, soon, "a round, its link and its proof are told", func() bool {
		page = scrape(t, a.api)
		return page["mirrorwatch_look_duration_seconds"] > 0 && page["mirrorwatch_journal_commit_duration_seconds"] > 0 &&
			page["mirrorwatch_proofs_total"] > 0 && page["nats_replication_last_seen_age_seconds"] == 1
	})
	for name, series := range map[string]int{
		"nats_replication_status": 1, "nats_replication_links": 4, "mirrorwatch_incidents_open": 2, "mirrorwatch_journal_size_bytes": 1,
		"mirrorwatch_build_info": 1, "mirrorwatch_connection_blind": 1, "mirrorwatch_ring_lateness_seconds": 1, "mirrorwatch_deliveries_total": 4,
		"go_memory_allocations_total": 1,
	} {
		if page[name] != series {
			t.Errorf("%s has %d series, want %d", name, page[name], series)
		}
	}
	documented(t, page)

	a.mount(t, map[string]string{"config.yaml": strings.Replace(text, `"127.0.0.1:0"`, `"127.0.0.1:0", metrics: {links: unhealthy, exporter_names: true}`, 1)})
	pipelinetest.Eventually(t, soon, "the exporter's names are there, without a restart", func() bool {
		page = scrape(t, a.api)
		return page["jetstream_stream_mirror_lag"] == 1 && page["jetstream_stream_mirror_active_duration_ns"] == 1
	})
	documented(t, page)
	publish(t, js)
	pipelinetest.Eventually(t, soon, "a link that is well has no series of its own", func() bool {
		page = scrape(t, a.api)
		return page["nats_replication_status"] == 0 && page["jetstream_stream_mirror_lag"] == 0 && page["nats_replication_links"] == 4
	})
}

// documented holds the names on a page against docs/metrics.md.
func documented(t testing.TB, page map[string]int) {
	t.Helper()
	docs, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range page {
		if !strings.Contains(string(docs), "`"+name+"`") {
			t.Errorf("docs/metrics.md does not have %s", name)
		}
	}
}
