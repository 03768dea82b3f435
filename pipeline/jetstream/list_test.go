package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// scripted is a NATS server whose JetStream API is answered by a function; an answer of "" is none.
func scripted(t *testing.T, answer func(subject string, offset int) string) *Source {
	t.Helper()
	srv := serve(t, func(o *server.Options) { o.JetStream = false })
	answerAPI(t, client(t, srv), "$JS.API.", answer)
	return connected(t, Config{URL: URLs(srv.ClientURL())})
}

// answerAPI answers questions under a prefix by a function.
func answerAPI(t *testing.T, nc *nats.Conn, prefix string, answer func(subject string, offset int) string) {
	t.Helper()
	_, err := nc.Subscribe(prefix+">", func(m *nats.Msg) {
		var q struct{ Offset int }
		_ = json.Unmarshal(m.Data, &q)
		subject := strings.TrimPrefix(m.Subject, prefix)
		go func() {
			if text := answer(subject, q.Offset); text != "" {
				_ = m.Respond([]byte(text))
			}
		}()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
}

const clustered = `"ts":"2026-11-22T20:00:00Z","cluster":{"name":"c","leader":"n2"}`

func element(name string) string { return fmt.Sprintf(`{"config":{"name":%q},%s}`, name, clustered) }

func TestListingTellsWhatItCouldNotSee(t *testing.T) {
	s := scripted(t, func(subject string, offset int) string {
		switch {
		case subject == "INFO":
			return `{"domain":"hub"}`
		case offset == 0:
			return `{"total":7,"limit":4,"streams":[` + element("A") + `,` + element("DOWN") + `,{"config":{"name":"ODD"}},{"x":1}],
				"missing":["LOST","DOWN","OFF"],"offline":{"OFF":"unsupported feature"}}`
		case offset == 4:
			return `{"total":7,"limit":4,"streams":[` + element("B") + `],"missing":["FAR"]}`
		}
		return `{"total":0,"limit":4,"streams":[]}`
	})
	all, err := look(t, s)
	if err == nil || !strings.Contains(err.Error(), "1 of 2 pages failed: element 3 of the page from offset 0 has no name") {
		t.Errorf("error %v", err)
	}
	want := map[string]pipeline.FaultKind{
		"A": "", "B": "", "DOWN": pipeline.FaultOffline, "OFF": pipeline.FaultOffline,
		"LOST": pipeline.FaultMissing, "FAR": pipeline.FaultMissing, "ODD": pipeline.FaultNonsense,
	}
	got := faults(all)
	if len(all) != len(want) {
		t.Errorf("%d samples of %d streams", len(all), len(want))
	}
	for name, kind := range want {
		if got[name] != kind {
			t.Errorf("%s: fault %q, want %q", name, got[name], kind)
		}
	}
	for _, x := range all {
		if x.Key.Domain != "hub" {
			t.Errorf("%s is in domain %q", x.Key.Stream, x.Key.Domain)
		}
		if x.Key.Stream == "A" && x.Leader != "n2" {
			t.Errorf("leader %q", x.Leader)
		}
	}
}

func TestAPIErrorEndsTheListing(t *testing.T) {
	refusal := `{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}`
	var list atomic.Int64
	s := scripted(t, func(subject string, _ int) string {
		if subject == "INFO" {
			return `{}`
		}
		list.Add(1)
		return refusal
	})
	_, err := look(t, s)
	if err == nil || errors.Is(err, pipeline.ErrNoAnswer) || !strings.Contains(err.Error(), "503/10008 JetStream system") || list.Load() != 1 {
		t.Errorf("%d pages, error %v", list.Load(), err)
	}
	all, err := look(t, s, "S")
	if err != nil || all[0].Fault != (pipeline.Fault{Kind: pipeline.FaultAPI, Text: "503/10008 JetStream system temporarily unavailable"}) {
		t.Errorf("%+v, %v", all[0].Fault, err)
	}
}

func TestInfoFaults(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"SILENT":  "",
		"OK":      element("OK"),
		"OTHER":   element("ANOTHER"),
		"BROKEN":  `{"config":`,
		"GONE":    `{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`,
		"GONE2":   `{"error":{"code":404,"description":"not found"}}`,
		"UNLIKE":  `{"error":{"code":404,"err_code":10014,"description":"consumer not found"}}`,
		"OFFLINE": `{"error":{"code":500,"err_code":10118,"description":"stream is offline"}}`,
		"FUTURE":  `{"error":{"code":500,"err_code":10194,"description":"stream is offline: unsupported"}}`,
	}
	want := map[string]pipeline.FaultKind{
		"SILENT": pipeline.FaultNoAnswer, "OK": "", "OTHER": pipeline.FaultNonsense, "BROKEN": pipeline.FaultNonsense,
		"GONE": pipeline.FaultNotFound, "GONE2": pipeline.FaultNotFound, "UNLIKE": pipeline.FaultAPI,
		"OFFLINE": pipeline.FaultOffline, "FUTURE": pipeline.FaultOffline,
	}
	s := scripted(t, func(subject string, _ int) string { return answers[strings.TrimPrefix(subject, "STREAM.INFO.")] })
	s.patience.info = 500 * time.Millisecond
	var names []string
	for name := range answers {
		names = append(names, name)
	}
	all, err := look(t, s, names...)
	if err != nil || len(all) != len(names) {
		t.Fatalf("%d samples, %v", len(all), err)
	}
	for _, x := range all {
		if x.Fault.Kind != want[x.Key.Stream] || x.At.IsZero() {
			t.Errorf("%s: %+v", x.Key.Stream, x.Fault)
		}
	}
}

func TestLooksAtStreamsShareTheirPlaces(t *testing.T) {
	var now, most atomic.Int64
	full := make(chan struct{})
	var once sync.Once
	s := scripted(t, func(subject string, _ int) string {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		if n == streamPlaces {
			once.Do(func() { close(full) })
		}
		<-full
		return element(strings.TrimPrefix(subject, "STREAM.INFO."))
	})
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprint("S", i))
	}
	// Two looks share the room.
	second := make(chan error, 1)
	scope := []pipeline.StreamKey{}
	for _, name := range names {
		scope = append(scope, pipeline.StreamKey{Connection: "dr", Stream: name})
	}
	go func() { second <- s.Look(t.Context(), scope, func(*pipeline.Sample) {}) }()
	all, err := look(t, s, names...)
	if err = errors.Join(err, <-second); err != nil || len(all) != len(names) || len(faults(all)) != len(names) {
		t.Errorf("%d samples, %v", len(all), err)
	}
	if most.Load() != streamPlaces {
		t.Errorf("%d questions in flight", most.Load())
	}
}

func TestCancelledLookYieldsNothingMore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := scripted(t, func(subject string, _ int) string {
		if subject == "STREAM.INFO.OK" {
			return element("OK")
		}
		if subject == "INFO" {
			return `{}`
		}
		cancel()
		return ""
	})
	var got []string
	scope := []pipeline.StreamKey{{Stream: "OK"}, {Stream: "SILENT"}}
	err := s.Look(ctx, scope[:1], func(x *pipeline.Sample) { got = append(got, x.Key.Stream) })
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	err = s.Look(ctx, scope[1:], func(x *pipeline.Sample) { got = append(got, x.Key.Stream) })
	if !errors.Is(err, context.Canceled) || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if err = s.Look(ctx, nil, func(*pipeline.Sample) {}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCloseEndsALookUnderWay(t *testing.T) {
	asked := make(chan struct{}, 2)
	srv := serve(t, func(o *server.Options) { o.JetStream = false })
	nc := client(t, srv)
	if _, err := nc.Subscribe("$JS.API.>", func(*nats.Msg) { asked <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, Config{URL: URLs(srv.ClientURL())})
	await(t, s, pipeline.SignalConnected, "")
	ended := make(chan error, 2)
	for _, scope := range [][]pipeline.StreamKey{nil, {{Stream: "S"}}} {
		go func() { ended <- s.Look(context.Background(), scope, func(*pipeline.Sample) {}) }()
	}
	<-asked
	<-asked
	_ = s.Close()
	for range 2 {
		if err := <-ended; !errors.Is(err, pipeline.ErrDisconnected) {
			t.Error(err)
		}
	}
}
