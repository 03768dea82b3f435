package delivery

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

const (
	slowness = 30 * time.Second // what the slow receiver takes for an answer
	promptly = 2 * time.Second  // what a page may take to a receiver that is well; the machine may be busy
)

// TestHealthyReceiverAmongBadOnes measures how long after an incident opened its page is there, with nobody else to tell, and
// beside receivers that are slow or dead.
func TestHealthyReceiverAmongBadOnes(t *testing.T) {
	for _, bad := range []bool{false, true} {
		t.Run(map[bool]string{false: "alone", true: "beside bad ones"}[bad], func(t *testing.T) {
			t.Parallel()
			healthy(t, bad)
		})
	}
}

// healthy opens 20 incidents at once, each with a message of its own, when the bad receivers have one in hand already.
func healthy(t *testing.T, beside bool) {
	const incidents = 20
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"})
	js := s.JetStream(t)
	pipelinetest.CreateStream(t, js, natsjs.StreamConfig{Name: "ORDERS", Subjects: []string{"orders"}})
	pipelinetest.CreateMirror(t, js, "FIRST", "ORDERS", "", limit("5M"))
	r := record(t, nil)
	exporters, names := fmt.Sprintf("{name: recorder, url: %q}", r.url), "recorder"
	var slow atomic.Int64
	if beside {
		hole := pipelinetest.StartLinks(t, strings.TrimPrefix(r.url, "http://"))[0]
		hole.Blackhole()
		exporters += fmt.Sprintf(", {name: slow, url: %q}, {name: refused, url: %q}, {name: blackholed, url: %q}",
			slowly(t, &slow), "http://"+freeAddress(t), "http://"+hole.Addr())
		names += ", slow, refused, blackholed"
	}
	w := watchWith(t, s.URL(), "{webhook: ["+exporters+"]}", "routes: [{group_by: [incident], group_wait: 0s, receivers: ["+names+"]}]\n")
	r.await(t, soon, "a page before all others", firing(pipeline.RulePolicy))
	if beside {
		pipelinetest.Eventually(t, soon, "the slow one has it", func() bool { return slow.Load() > 0 })
	}

	for n := range incidents {
		pipelinetest.CreateMirror(t, js, fmt.Sprint("MIRROR_", n), "ORDERS", "", limit("5M"))
	}
	pipelinetest.Eventually(t, soon, "all are told", func() bool { return len(r.all()) > incidents })
	var delays []time.Duration
	for _, m := range r.all()[1:] {
		delays = append(delays, m.At.Sub(m.Alerts[0].StartsAt))
	}
	slices.Sort(delays)
	if len(delays) != incidents || delays[incidents-1] > promptly {
		t.Errorf("delays: %v; told was:%s", delays, told(r.all()))
	}
	t.Logf("%d pages: there after %.0f ms (median), %.0f ms (the last)", incidents, ms(delays[incidents/2]), ms(delays[incidents-1]))
	for _, state := range w.receivers() {
		t.Logf("%s: %d wait, %s", state.Name, state.Pending, state.Error)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// slowly is the URL of a receiver that answers after 30 s, and counts what it is sent.
func slowly(t *testing.T, count *atomic.Int64) string {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the end of its sender is noticed
		count.Add(1)
		timer := time.NewTimer(slowness)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
