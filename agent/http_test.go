package agent

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
)

var update = flag.Bool("update", false, "write the golden files anew")

func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

// filledBoard has a link that is well, one that is silent, one not judged yet, and a blind connection.
func filledBoard() *pipeline.Board {
	b := pipeline.NewBoard(noon().Add(-time.Hour))
	payments := pipeline.StreamKey{Connection: "dr", Account: "APP", Stream: "PAYMENTS"}
	orders := pipeline.StreamKey{Connection: "dr", Account: "APP", Domain: "leaf", Stream: "ORDERS"}
	silent := pipeline.Subject{StreamKey: payments, Kind: pipeline.KindMirror, Origin: "PAYMENTS", Via: "$JS.hub.API"}
	b.Put(payments, []pipeline.LinkStatus{{
		Subject: silent, Level: pipeline.Critical, Reason: pipeline.ReasonSilent,
		First: noon().Add(-time.Hour), Proof: noon().Add(-90500 * time.Millisecond), Limit: time.Minute,
		Violations: 1, Blackout: 30 * time.Second, Dark: true, Updated: noon().Add(-500 * time.Millisecond), Risk: bound(),
	}})
	b.Put(orders, []pipeline.LinkStatus{{
		Subject:  pipeline.Subject{StreamKey: orders, Kind: pipeline.KindSource, Origin: "B", Filter: "a.>,b.>"},
		Starting: true, Level: pipeline.Unknown, First: noon(), Updated: noon(),
		Risk: pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true}, Unverified: "only some of the origin's subjects are copied",
	}, {
		Subject: pipeline.Subject{StreamKey: orders, Kind: pipeline.KindSource, Origin: "A"},
		First:   noon().Add(-time.Hour), Proof: noon().Add(-2 * time.Second), Reported: true, Lag: 7, LagLimit: 1000, Updated: noon(),
		Risk: pipeline.Risk{Failover: pipeline.FailoverBehind, Messages: 9, Span: 1500 * time.Millisecond, AsOf: noon().Add(-time.Second), Verified: true},
	}})
	b.PutConnection(pipeline.ConnectionStatus{Name: "dr", Answered: noon(), Round: noon(), Links: 3})
	b.PutConnection(pipeline.ConnectionStatus{Name: "far", Blind: true, Since: noon().Add(-time.Minute), Reason: "not connected"})
	b.PutIncident(pipeline.Incident{
		ID: "mw-1", Rule: pipeline.RuleSeen, Subject: silent, Level: pipeline.Critical, Opened: noon().Add(-30 * time.Second),
		Since: noon().Add(-90500 * time.Millisecond), Value: 60, Limit: 60, Unit: pipeline.UnitSeconds, Reason: pipeline.ReasonSilent, Changes: 1,
		Risk: bound(),
		Diagnosis: pipeline.Diagnosis{
			Cause: pipeline.CauseDeleted, Sure: pipeline.Certain,
			Because:  []string{"the origin answered until 11:58:25 UTC; since then its servers answer that there is no such stream"},
			Next:     []pipeline.Step{{Do: "Look at what the mirror holds", Command: "nats stream info PAYMENTS"}, {Do: "Save it"}},
			Warnings: []string{"Do not delete the mirror: it may be the last copy"},
		},
	})
	b.PutIncident(pipeline.Incident{
		ID: "mw-2", Rule: pipeline.RulePolicy, Subject: pipeline.Subject{StreamKey: orders}, Level: pipeline.Warning, Opened: noon().Add(-10 * time.Second),
		Value: 1, Reason: pipeline.ReasonMetadata, Changes: 1,
	})
	return b
}

// bound is a risk of which only the least is known.
func bound() pipeline.Risk {
	return pipeline.Risk{
		Failover: pipeline.FailoverUnknown, Messages: 1204, AtLeast: true, Span: 2 * time.Minute, AsOf: noon().Add(-95 * time.Second), Verified: true,
	}
}

// blindBoard has a link that was well when its connection went blind.
func blindBoard() *pipeline.Board {
	b := pipeline.NewBoard(noon().Add(-time.Hour))
	key := pipeline.StreamKey{Connection: "far", Account: "APP", Stream: "PAYMENTS"}
	b.Put(key, []pipeline.LinkStatus{{
		Subject: pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror, Origin: "PAYMENTS"},
		First:   noon().Add(-time.Hour), Proof: noon().Add(-time.Minute), Updated: noon().Add(-time.Minute),
	}})
	b.PutConnection(pipeline.ConnectionStatus{Name: "far", Blind: true, Since: noon().Add(-time.Minute), Reason: "not connected"})
	return b
}

func twoReceivers() []pipeline.ReceiverStats {
	return []pipeline.ReceiverStats{
		{Receiver: "oncall", Pending: 2, Oldest: noon().Add(-90 * time.Second), Error: "answered 503 Service Unavailable"},
		{Receiver: "ops", Delivered: 3},
	}
}

func TestRoutes(t *testing.T) {
	waiting := errors.New("the journal")
	for _, test := range []struct {
		name, method, path string
		board              *pipeline.Board
		ready              error
		receivers          func() []pipeline.ReceiverStats
		status             int
	}{
		{"healthz", "GET", "/healthz", filledBoard(), waiting, nil, http.StatusOK},
		{"readyz_blind_connection", "GET", "/readyz", filledBoard(), nil, nil, http.StatusOK},
		{"readyz_receivers", "GET", "/readyz", pipeline.NewBoard(noon()), nil, twoReceivers, http.StatusOK},
		{"links_blind", "GET", "/api/v1/links", blindBoard(), nil, nil, http.StatusOK},
		{"readyz_waiting", "GET", "/readyz", pipeline.NewBoard(noon()), waiting, nil, http.StatusServiceUnavailable},
		{"links", "GET", "/api/v1/links", filledBoard(), nil, nil, http.StatusOK},
		{"links_none", "GET", "/api/v1/links", pipeline.NewBoard(noon()), nil, nil, http.StatusOK},
		{"incidents", "GET", "/api/v1/incidents", filledBoard(), nil, nil, http.StatusOK},
		{"incidents_none", "GET", "/api/v1/incidents", pipeline.NewBoard(noon()), nil, nil, http.StatusOK},
		{"", "GET", "/", filledBoard(), nil, nil, http.StatusNotFound},
		{"", "POST", "/api/v1/links", filledBoard(), nil, nil, http.StatusMethodNotAllowed},
	} {
		t.Run(test.method+test.path+" "+test.name, func(t *testing.T) {
			h := &HTTP{Board: test.board, Ready: func() error { return test.ready }, Receivers: test.receivers, Now: noon}
			recorder := httptest.NewRecorder()
			h.Handler().ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, nil))
			if recorder.Code != test.status {
				t.Errorf("status: got %d, want %d", recorder.Code, test.status)
			}
			if test.name == "" {
				return
			}
			if got := recorder.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("content type: got %q", got)
			}
			golden(t, "http_"+test.name+".json", recorder.Body.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestServeHTTPAnswersUntilItsContextEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := &HTTP{Board: filledBoard(), Ready: func() error { return nil }, Now: noon}
	served := make(chan error, 1)
	go func() { served <- ServeHTTP(ctx, listener, h.Handler(), slog.New(slog.DiscardHandler)) }()

	response, err := http.Get("http://" + listener.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !bytes.Contains(body, []byte(`"alive": true`)) {
		t.Errorf("got %q, %v", body, err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("after the end: %v", err)
	}
	if err := ServeHTTP(t.Context(), listener, h.Handler(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("served on a closed listener")
	}
}
