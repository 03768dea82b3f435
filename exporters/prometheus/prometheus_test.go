package prometheus

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/exporters/internal/series"
	"mirrorwatch/exporters/telemetry"
	"mirrorwatch/pipeline"
)

func nothing(context.Context) ([]metricdata.Metrics, error) { return nil, nil }

func open(board *pipeline.Board, own Own, config Config) *Handler {
	return New(board, own, func() Config { return config }, slog.New(slog.DiscardHandler))
}

// fleet is a board of links that differ in what is known of them, and in how they are called.
func fleet(now time.Time) *pipeline.Board {
	board := pipeline.NewBoard(now.Add(-time.Hour))
	put := func(l pipeline.LinkStatus) { board.Put(l.Subject.StreamKey, []pipeline.LinkStatus{l}) }
	link := func(stream string, level pipeline.Level) pipeline.LinkStatus {
		return pipeline.LinkStatus{
			Subject: pipeline.Subject{
				StreamKey: pipeline.StreamKey{Connection: "hub", Account: "ACME", Domain: "eu", Stream: stream}, Kind: pipeline.KindMirror, Origin: "ORDERS",
			},
			Level: level, First: now.Add(-3 * time.Hour), Proof: now.Add(-1500 * time.Millisecond), Limit: time.Minute,
			Reported: true, Lag: 12, Violations: 1, Blackout: 90 * time.Second, Updated: now.Add(-time.Second),
			Risk: pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: now, Verified: true},
		}
	}
	put(link("A", pipeline.OK))
	dark := link("B", pipeline.Critical)
	dark.Dark, dark.Lag, dark.Proof = true, math.MaxUint64, now.Add(-100*time.Second)
	put(dark)
	unknown := link("C", pipeline.Unknown)
	unknown.Proof, unknown.Limit, unknown.Reported, unknown.Risk = time.Time{}, 0, false, pipeline.Risk{}
	put(unknown)
	put(link("quote\"back\\slash\nline", pipeline.Warning))
	put(link("bad\xff", pipeline.OK))
	source := link("D", pipeline.OK)
	source.Subject.Kind, source.Subject.Filter, source.Subject.Via = pipeline.KindSource, "orders.>", "$JS.leaf.API"
	other := source
	other.Subject.Filter = "returns.>"
	board.Put(source.Subject.StreamKey, []pipeline.LinkStatus{source, other})
	board.PutTrunks("hub", []pipeline.Trunk{
		{Connection: "hub", Kind: pipeline.TrunkGateway, Server: "n1", Cluster: "EAST", Remote: "WEST", Outbound: true, Up: true, RTT: 12 * time.Millisecond},
		{Connection: "hub", Kind: pipeline.TrunkLeafnode, Server: "n1", Cluster: "EAST", Remote: "shop-7", Account: "ACME"},
	})
	return board
}

func TestThePageTellsWhatOTLPSends(t *testing.T) {
	now := time.Now()
	board := fleet(now)
	for _, which := range []series.Which{series.All, series.Unhealthy} {
		want := map[string]float64{}
		for portion := range series.Links(which.Of(board.Links()), board.Started(), now, 1<<10) {
			sent(want, portion)
		}
		for portion := range series.Trunks(board.Trunks(), now, 1<<10) {
			sent(want, portion)
		}
		sent(want, []metricdata.Metrics{series.Fleet(board.Links(), now)})
		got := parse(t, strings.NewReader(text(t, open(board, nothing, Config{Links: which}), now))).samples
		if diff := cmp.Diff(want, got); diff != "" || len(want) < 20 {
			t.Errorf("%s (-OTLP +page):\n%s", which, diff)
		}
	}
}

func TestTheAgentsOwnMetricsAreOnThePage(t *testing.T) {
	own, err := telemetry.New(telemetry.Sources{Build: telemetry.Build{Version: "v1"}})
	if err != nil {
		t.Fatal(err)
	}
	own.Looked("hub", pipeline.Looked{Kind: pipeline.LookRound, Took: 20 * time.Millisecond, Streams: 5})
	own.Looked("hub", pipeline.Looked{Kind: pipeline.LookRound, Took: 20 * time.Second, Streams: 5})
	page := parse(t, strings.NewReader(text(t, open(fleet(time.Now()), own.Collect, Default()), time.Now())))
	rounds := `[mirrorwatch_look_scope="round" nats_connection="hub"]`
	for key, want := range map[string]float64{
		"COUNTER mirrorwatch_looks_total" + rounds:                      10,
		`GAUGE mirrorwatch_build_info[mirrorwatch_version="v1"]`:        1,
		"HISTOGRAM mirrorwatch_look_duration_seconds to 0.01" + rounds:  0,
		"HISTOGRAM mirrorwatch_look_duration_seconds to 0.025" + rounds: 1,
		"HISTOGRAM mirrorwatch_look_duration_seconds to 10" + rounds:    1,
		"HISTOGRAM mirrorwatch_look_duration_seconds to 30" + rounds:    2,
		"HISTOGRAM mirrorwatch_look_duration_seconds to +Inf" + rounds:  2,
		"HISTOGRAM mirrorwatch_look_duration_seconds count" + rounds:    2,
		"HISTOGRAM mirrorwatch_look_duration_seconds sum" + rounds:      20.02,
	} {
		if got, there := page.samples[key]; got != want || !there {
			t.Errorf("%s: %g, want %g", key, got, want)
		}
	}
	for _, name := range []string{"go_memory_used_bytes", "go_memory_allocations_total", "go_goroutines", "go_config_gogc_percent"} {
		if page.help[name] == "" {
			t.Errorf("no %s", name)
		}
	}
}

// What promtool complains about in our own names. The exporter's names are not ours.
func TestNamesOffendNoLinter(t *testing.T) {
	own, err := telemetry.New(telemetry.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	own.Looked("hub", pipeline.Looked{Kind: pipeline.LookRound, Err: pipeline.ErrDenied})
	page := text(t, open(fleet(time.Now()), own.Collect, Default()), time.Now())
	kinds := 0
	for line := range strings.SplitSeq(page, "\n") {
		name, kind, is := strings.Cut(strings.TrimPrefix(line, "# TYPE "), " ")
		if !is || !strings.HasPrefix(line, "# TYPE ") {
			continue
		}
		kinds++
		if strings.HasSuffix(name, "_total") != (kind == counter) {
			t.Errorf("%s is a %s", name, kind)
		}
		for _, reserved := range []string{"_count", "_sum", "_bucket", "_gauge", "_counter", "_histogram"} {
			if strings.HasSuffix(name, reserved) {
				t.Errorf("%s is reserved", name)
			}
		}
		if strings.Contains(page, "# HELP "+name+" \n") {
			t.Errorf("%s has no help", name)
		}
	}
	if kinds < 20 {
		t.Errorf("%d families", kinds)
	}
}

func TestFamiliesAreSortedAndToldOnce(t *testing.T) {
	now := time.Now()
	var names []string
	for line := range strings.SplitSeq(text(t, open(fleet(now), nothing, Config{Links: series.All, ExporterNames: true}), now), "\n") {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	if want := slices.Compact(slices.Sorted(slices.Values(names))); !slices.Equal(want, names) || len(names) != 15 {
		t.Errorf("%d families: %v", len(names), names)
	}
}

func TestThePageIsPackedForThoseWhoTakeIt(t *testing.T) {
	now := time.Now()
	h := open(fleet(now), nothing, Default())
	for accept, packed := range map[string]bool{
		"": false, "gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "gzip;q=0.0, deflate": false, "identity": false,
	} {
		for range 2 { // the second one with the first one's packer
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header.Set("Accept-Encoding", accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			var body io.Reader = w.Body
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != packed {
				t.Fatalf("%q: packed %v", accept, got)
			}
			if packed {
				unpacked, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = unpacked
			}
			if parse(t, body).help["nats_replication_links"] == "" {
				t.Errorf("%q: no links", accept)
			}
			if got := w.Header().Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
				t.Errorf("content type %q", got)
			}
		}
	}
}

// gone is a client that goes away after some bytes.
type gone struct{ left int }

func (g *gone) Write(b []byte) (int, error) {
	if g.left -= len(b); g.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestNothingIsWrittenForAClientThatWentAway(t *testing.T) {
	now := time.Now()
	board := pipeline.NewBoard(now)
	for i := range 2000 {
		key := pipeline.StreamKey{Connection: "hub", Stream: fmt.Sprintf("S%d", i)}
		board.Put(key, []pipeline.LinkStatus{{Subject: pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror}}})
	}
	client := &gone{left: flushAt + flushAt/2}
	if err := open(board, nothing, Default()).write(t.Context(), client, now); err == nil {
		t.Fatal("no error")
	}
	if client.left < -2*flushAt {
		t.Errorf("%d bytes were written to it afterwards", -client.left)
	}
}

func TestNoAllocationALink(t *testing.T) {
	now := time.Now()
	page := func(links int) float64 {
		h := open(watched(now, links), nothing, Config{Links: series.All, ExporterNames: true})
		return testing.AllocsPerRun(2, func() {
			if err := h.write(t.Context(), io.Discard, now); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := page(200), page(2000); many-few > 18 {
		t.Errorf("a page allocates %g times for 200 links, and %g times for 2000", few, many)
	}
}
