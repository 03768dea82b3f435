package otlp

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestLooksAreTimedAndTheirFailuresCountedByKind(t *testing.T) {
	isolate(t)
	server := startCollector(t)
	e := open(t, configFor(server.endpoint), Own{}, quiet())
	for _, err := range []error{
		nil,
		fmt.Errorf("ask: %w", pipeline.ErrNoAnswer),
		fmt.Errorf("ask: %w", context.DeadlineExceeded),
		fmt.Errorf("ask: %w", pipeline.ErrDisconnected),
		fmt.Errorf("ask: %w", pipeline.ErrDenied),
		errors.New("anything else"),
		context.Canceled,
	} {
		e.Looked("dr", pipeline.Looked{Kind: pipeline.LookStream, Took: 20 * time.Millisecond, Streams: 3, Err: err})
	}
	e.Looked("dr", pipeline.Looked{Kind: pipeline.LookRound, Took: 4 * time.Second})
	if err := e.Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
		t.Fatal(err)
	}
	requests := server.take()
	failures := map[string]float64{}
	for _, p := range pointsIn(requests)["mirrorwatch.look.failures"] {
		failures[p.attributes["nats.connection"]+" "+p.attributes["error.type"]] = p.value
	}
	for kind, want := range map[string]float64{
		"dr no answer": 2, "dr disconnected": 1, "dr permission denied": 1, "dr _OTHER": 1,
	} {
		if failures[kind] != want {
			t.Errorf("%s: %g, want %g", kind, failures[kind], want)
		}
	}
	counts, sums := map[string]uint64{}, map[string]float64{}
	for _, m := range metricsIn(requests) {
		if m.GetName() != "mirrorwatch.look.duration" {
			continue
		}
		for _, h := range m.GetHistogram().GetDataPoints() {
			scope := attributesIn(h.GetAttributes())["mirrorwatch.look.scope"]
			counts[scope], sums[scope] = h.GetCount(), h.GetSum()
		}
	}
	if counts["streams"] != 6 || counts["round"] != 1 || sums["round"] != 4 {
		t.Errorf("durations: %v, sums %v", counts, sums)
	}
}

func TestReceiversAreReportedAndLeaveWithTheConfiguration(t *testing.T) {
	isolate(t)
	server := startCollector(t)
	receivers := []pipeline.ReceiverStats{
		{Receiver: "ops", Pending: 2, Oldest: time.Now().Add(-time.Minute), Delivered: 5, Retried: 4, Refused: 3, GivenUp: 1},
		{Receiver: "oncall", Delivered: 9},
	}
	e := open(t, configFor(server.endpoint), Own{Receivers: func() []pipeline.ReceiverStats { return receivers }}, quiet())
	report := func() map[string][]point {
		t.Helper()
		if err := e.Report(t.Context(), pipeline.NewBoard(time.Now())); err != nil {
			t.Fatal(err)
		}
		requests := server.take()
		return pointsIn(requests)
	}
	points := report()
	got := map[string]float64{}
	for metric, list := range points {
		for _, p := range list {
			got[metric+" "+p.attributes["mirrorwatch.receiver"]+" "+p.attributes["mirrorwatch.delivery.result"]] = p.value
		}
	}
	for key, want := range map[string]float64{
		"mirrorwatch.outbox.pending ops ":         2,
		"mirrorwatch.outbox.pending oncall ":      0,
		"mirrorwatch.outbox.oldest_age oncall ":   0,
		"mirrorwatch.deliveries ops delivered":    5,
		"mirrorwatch.deliveries ops retry":        4,
		"mirrorwatch.deliveries ops refused":      3,
		"mirrorwatch.deliveries ops given up":     1,
		"mirrorwatch.deliveries oncall delivered": 9,
		"mirrorwatch.deliveries oncall given up":  0,
	} {
		if value, there := got[key]; value != want || !there {
			t.Errorf("%s: %g, want %g", key, got[key], want)
		}
	}
	if age := got["mirrorwatch.outbox.oldest_age ops "]; age < 60 || age > 120 {
		t.Errorf("oldest age %g, want 60", age)
	}
	receivers = receivers[:1]
	if left := report()["mirrorwatch.outbox.pending"]; len(left) != 1 || left[0].attributes["mirrorwatch.receiver"] != "ops" {
		t.Errorf("after a receiver left: %v", left)
	}
}
