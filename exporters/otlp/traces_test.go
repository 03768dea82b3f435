package otlp

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"mirrorwatch/pipeline"
)

// tell makes an exporter of traces hear of looks, and ends it.
func tell(t *testing.T, cfg Config, log *slog.Logger, looks ...pipeline.Looked) {
	t.Helper()
	e, err := New(t.Context(), cfg, "1.2.3", nil, log)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range looks {
		e.Looked("dr", l)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestARoundIsASpanWithTheLooksMadeWithinIt(t *testing.T) {
	isolate(t)
	began := time.Now()
	single := func(after time.Duration) pipeline.Looked {
		return pipeline.Looked{Kind: pipeline.LookStream, Began: began.Add(after), Took: time.Second, Streams: 1}
	}
	denied := single(2 * time.Second)
	denied.Err = errors.New("denied")
	round := pipeline.Looked{Kind: pipeline.LookRound, Began: began, Took: 5 * time.Second, Streams: 70}
	next := round
	next.Began = began.Add(10 * time.Second)
	looks := []pipeline.Looked{single(-time.Second), single(time.Second), denied, round, single(6 * time.Second), next}
	eachProtocol(t, func(t *testing.T, server *collector) {
		cfg := configFor(server)
		tell(t, cfg, quiet(), looks...)
		if got := len(server.traces.named("round")); got != 0 {
			t.Errorf("%d rounds though nobody asked for traces", got)
		}
		cfg.Traces = true
		tell(t, cfg, quiet(), looks...)
		rounds, inner := server.traces.named("round"), server.traces.named("look at streams")
		if len(rounds) != 2 || len(inner) != 2 {
			t.Fatalf("%d rounds, %d looks", len(rounds), len(inner))
		}
		of := rounds[0]
		if of.GetStartTimeUnixNano() != uint64(began.UnixNano()) || of.GetEndTimeUnixNano() != uint64(began.Add(5*time.Second).UnixNano()) {
			t.Errorf("a round from %d to %d", of.GetStartTimeUnixNano(), of.GetEndTimeUnixNano())
		}
		if got := attributesIn(of.GetAttributes())["nats.connection"]; got != "dr" {
			t.Errorf("of connection %q", got)
		}
		for i, span := range inner {
			if !bytes.Equal(span.GetParentSpanId(), of.GetSpanId()) || !bytes.Equal(span.GetTraceId(), of.GetTraceId()) {
				t.Errorf("look %d is not part of the round", i)
			}
		}
		if s := inner[1].GetStatus(); s.GetCode() != tracepb.Status_STATUS_CODE_ERROR || s.GetMessage() != "denied" {
			t.Errorf("a look that fell short: %v", s)
		}
	})
}

func TestARoundHasABoundedNumberOfChildren(t *testing.T) {
	isolate(t)
	server, began := startCollector(t), time.Now()
	var looks []pipeline.Looked
	for range 3 * maxChildren { // before the round: they take no place of those within it
		looks = append(looks, pipeline.Looked{Kind: pipeline.LookStream, Began: began.Add(-time.Second)})
	}
	for range 3 * maxChildren {
		looks = append(looks, pipeline.Looked{Kind: pipeline.LookStream, Began: began.Add(time.Second)})
	}
	cfg := configFor(server)
	cfg.Traces = true
	tell(t, cfg, quiet(), append(looks, pipeline.Looked{Kind: pipeline.LookRound, Began: began})...)
	if got := len(server.traces.named("look at streams")); got != maxChildren {
		t.Errorf("%d looks, want %d", got, maxChildren)
	}
}

func TestTracesThatDoNotArriveAreLoggedOnce(t *testing.T) {
	isolate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	var log bytes.Buffer
	cfg := Default()
	cfg.Endpoint, cfg.Traces = "http://"+listener.Addr().String(), true
	var rounds []pipeline.Looked
	for i := range 600 { // more than one batch
		rounds = append(rounds, pipeline.Looked{Kind: pipeline.LookRound, Began: time.Now(), Took: time.Duration(i)})
	}
	tell(t, cfg, slog.New(slog.NewTextHandler(&log, nil)), rounds...)
	if got := strings.Count(log.String(), "traces do not arrive"); got != 1 {
		t.Errorf("logged %d times:\n%s", got, log.String())
	}
}

func TestSignalsCanBeSwitchedOffByTheEnvironment(t *testing.T) {
	for variable, want := range map[string]string{
		"OTEL_SDK_DISABLED=true":     "metrics false, traces false",
		"OTEL_SDK_DISABLED=maybe":    "metrics true, traces true",
		"OTEL_METRICS_EXPORTER=none": "metrics false, traces true",
		"OTEL_TRACES_EXPORTER=none":  "metrics true, traces false",
		"OTEL_TRACES_EXPORTER=otlp":  "metrics true, traces true",
	} {
		t.Run(variable, func(t *testing.T) {
			isolate(t)
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
			server := startCollector(t)
			cfg := configFor(server)
			cfg.Traces = true
			e, err := New(t.Context(), cfg, "1.2.3", nil, quiet())
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
				t.Error(err)
			}
			e.Looked("dr", pipeline.Looked{Kind: pipeline.LookRound, Began: time.Now()})
			if err := e.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			got := fmt.Sprintf("metrics %t, traces %t", len(server.take()) > 0, len(server.traces.named("round")) > 0)
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
