package jetstream

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestAClusterIsLookedAtByNamesAndInfo(t *testing.T) {
	cluster := pipelinetest.StartCluster(t, pipelinetest.ClusterOptions{})
	js := cluster.JetStream(t)
	for i := range 20 {
		pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: fmt.Sprint("S", i), Subjects: []string{fmt.Sprint("s.", i)}})
	}
	pipelinetest.CreateStream(t, js, jetstream.StreamConfig{Name: "M", Replicas: 3, Mirror: &jetstream.StreamSource{Name: "S0"}})
	s := byNames(t, Config{URL: URLs(cluster.URL())}, 1)
	all, err := look(t, s)
	if err != nil || len(all) == 0 || all[0].Leader == Standalone || all[0].Leader == "" || len(all[0].Peers) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	pipelinetest.StepDown(t, js, "M")
	if got := told(t, s); len(got) == 0 || s.Way() != wayNames {
		t.Errorf("by %q: told of %v", s.Way(), got)
	}
}

func TestNamesAreReadAsThePaceAllows(t *testing.T) {
	srv := serve(t, func(o *server.Options) { o.JetStream = false })
	var mu sync.Mutex
	var pages []int
	answerAPI(t, client(t, srv), "$JS.API.", func(subject string, offset int) string {
		if subject != "STREAM.NAMES" {
			return element(strings.TrimPrefix(subject, "STREAM.INFO."))
		}
		mu.Lock()
		defer mu.Unlock()
		pages = append(pages, offset)
		var names []string
		for i := range 1024 {
			names = append(names, fmt.Sprintf(`"S%04d"`, offset+i))
		}
		return fmt.Sprintf(`{"total":5120,"offset":%d,"limit":1024,"streams":[%s]}`, offset, strings.Join(names, ","))
	})
	pace := Pace{LooksPerSecond: 100, Interval: 5 * time.Second}
	s, err := Open(t.Context(), Config{Name: "dr", URL: URLs(srv.ClientURL())}, pace, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	await(t, s, pipeline.SignalConnected, "")
	s.choice.roster = newRoster()
	for i := range 5120 {
		s.choice.roster.learn(fmt.Sprintf("S%04d", i), false)
	}
	for range 3 {
		if _, err := look(t, s); err != nil || s.Way() != wayNames {
			t.Fatalf("by %q: %v", s.Way(), err)
		}
	}
	// Half of what may be asked in an interval, 250 looks, is more than a page of names, and less than two.
	if want := []int{0, 1024, 2048}; !slices.Equal(pages, want) {
		t.Errorf("pages %v, want %v", pages, want)
	}
}

func TestSilentStreamsAreListed(t *testing.T) {
	var infos, lists atomic.Int64
	s := scripted(t, func(subject string, _ int) string {
		switch subject {
		case "INFO":
			return `{}`
		case "STREAM.LIST":
			lists.Add(1)
			return `{"total":2,"limit":256,"streams":[` + element("OK") + `],"missing":["S099"]}`
		case "STREAM.INFO.OK":
			return element("OK")
		}
		infos.Add(1)
		return ""
	})
	s.patience.info = 300 * time.Millisecond
	s.choice.roster = newRoster()
	for i := range 100 {
		s.choice.roster.learn(fmt.Sprintf("S%03d", i), true)
	}
	all, err := look(t, s)
	got := faults(all)
	if _, seen := got["OK"]; err != nil || len(got) <= mostSilent+2 || got["S099"] != pipeline.FaultMissing || !seen {
		t.Errorf("%v, %v", got, err)
	}
	if n := infos.Load(); n > 2*int64(s.rounds.most()) || lists.Load() != 1 {
		t.Errorf("%d questions about single streams, %d pages", n, lists.Load())
	}
	if _, err := look(t, s); err != nil || s.Way() != wayList || lists.Load() != 2 {
		t.Errorf("by %q: %v", s.Way(), err)
	}
}
