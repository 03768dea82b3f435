package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// manyLinks is a board of healthy links.
func manyLinks(n int) *pipeline.Board {
	b := pipeline.NewBoard(noon())
	for i := range n {
		key := pipeline.StreamKey{Connection: "dr", Stream: fmt.Sprintf("STREAM_%06d", i)}
		b.Put(key, []pipeline.LinkStatus{{
			Subject: pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror, Origin: key.Stream + "_ORIGIN"},
			First:   noon(), Proof: noon(), Limit: time.Minute, Reported: true, Updated: noon(),
		}})
	}
	return b
}

func TestLinksAreAllToldAndInOrderWhileTheyAreFew(t *testing.T) {
	for _, n := range []int{1, sortedLinks, sortedLinks + 1, 2 * sortedLinks} {
		h := &HTTP{Board: manyLinks(n), Ready: func() error { return nil }, Now: noon}
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/links", nil))
		var links []LinkState
		if err := json.Unmarshal(w.Body.Bytes(), &links); err != nil {
			t.Fatal(err)
		}
		var streams []string
		for i := range links {
			streams = append(streams, links[i].Stream)
		}
		sorted := slices.Sorted(slices.Values(streams))
		if got := len(slices.Compact(sorted)); got != n || len(links) != n {
			t.Errorf("%d links, %d different, want %d", len(links), got, n)
		}
		if n <= sortedLinks && !slices.IsSorted(streams) {
			t.Errorf("%d links are in no order", n)
		}
	}
}

func TestMetricsAreServedToEverybody(t *testing.T) {
	h := &HTTP{Board: filledBoard(), Ready: func() error { return nil }, Now: noon, Metrics: http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })}
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.RemoteAddr = "10.0.0.7:5000"
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), []byte("up 1\n")) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// discarded is an answer that nobody keeps.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header       { return d.header }
func (discarded) WriteHeader(int)             {}
func (discarded) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkLinks100k tells 100,000 links.
func BenchmarkLinks100k(b *testing.B) {
	h := &HTTP{Board: manyLinks(100_000), Ready: func() error { return nil }, Now: noon}
	handler := h.Handler()
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(discarded{http.Header{}}, httptest.NewRequest(http.MethodGet, "/api/v1/links", nil))
	}
}
