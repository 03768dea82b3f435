package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

// silencing is the HTTP interface over a real committer, of which one window recurs each day.
func silencing(t *testing.T, journal *pipelinetest.MemJournal) *HTTP {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	board := filledBoard()
	match, err := parseMatch([]string{"stream=ORDERS"})
	if err != nil {
		t.Fatal(err)
	}
	dispatch := outbox.Dispatch{Windows: []pipeline.Window{{Name: "night", Match: match, From: time.Hour, To: 2 * time.Hour, Zone: time.UTC}}}
	c := outbox.NewCommitter(outbox.CommitterOptions{
		Journal: journal, Outbox: outbox.New(dispatch, pipeline.State{}, log), Board: board, Log: log, Grace: 10 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return &HTTP{Board: board, Ready: func() error { return nil }, Now: time.Now, Silences: c}
}

// ask makes a request from this host.
func ask(h *HTTP, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "127.0.0.1:9188"
	r.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	h.Handler().ServeHTTP(recorder, r)
	return recorder
}

func decoded[T any](t *testing.T, recorder *httptest.ResponseRecorder, status int) (v T) {
	t.Helper()
	if recorder.Code != status {
		t.Fatalf("got %d %s, want %d", recorder.Code, recorder.Body, status)
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %s", err, recorder.Body)
	}
	return v
}

func TestHTTPSilenceFromBeginToEnd(t *testing.T) {
	t.Parallel()
	h := silencing(t, pipelinetest.NewMemJournal())
	made := decoded[SilenceState](t, ask(h, "POST", "/api/v1/silences",
		`{"match": ["stream=PAY*", "level=critical"], "for": "2h", "by": "ann", "reason": "new switch"}`), http.StatusCreated)
	if made.ID == "" || made.State != "active" || made.Covers != 1 || made.Ends.Sub(made.Starts) != 2*time.Hour || made.By != "ann" || made.Reason != "new switch" {
		t.Errorf("made: got %+v", made)
	}
	later := decoded[SilenceState](t, ask(h, "POST", "/api/v1/silences",
		`{"match": ["rule=*"], "starts": "`+time.Now().Add(time.Hour).Format(time.RFC3339)+`", "for": "1d", "by": "ann", "reason": "move"}`), http.StatusCreated)
	if later.State != "pending" || later.Covers != 2 {
		t.Errorf("to come: got %+v", later)
	}

	listed := decoded[[]SilenceState](t, ask(h, "GET", "/api/v1/silences", ""), http.StatusOK)
	if len(listed) != 3 || listed[0].ID != made.ID {
		t.Errorf("listed: got %+v", listed)
	}
	window := listed[1]
	if window.Window == "" {
		window = listed[2]
	}
	if window.Window != "night" || window.By != "configuration" {
		t.Errorf("window: got %+v", window)
	}
	for _, i := range decoded[[]IncidentState](t, ask(h, "GET", "/api/v1/incidents", ""), http.StatusOK) {
		if by := i.SilencedBy; (i.Stream == "PAYMENTS") != (by != nil && *by == made.ID) {
			t.Errorf("%s: silenced by %v", i.Stream, by)
		}
	}

	over := decoded[SilenceState](t, ask(h, "DELETE", "/api/v1/silences/"+made.ID+"?by=bob", ""), http.StatusOK)
	if over.State != "over" || over.ID != made.ID {
		t.Errorf("ended: got %+v", over)
	}
	if got := ask(h, "DELETE", "/api/v1/silences/"+made.ID+"?by=bob", ""); got.Code != http.StatusConflict {
		t.Errorf("ended twice: got %d %s", got.Code, got.Body)
	}
	if got := ask(h, "DELETE", "/api/v1/silences/"+window.ID+"?by=bob", ""); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "maintenance") {
		t.Errorf("a window's turn: got %d %s", got.Code, got.Body)
	}
	if got := ask(h, "DELETE", "/api/v1/silences/s-none?by=bob", ""); got.Code != http.StatusNotFound {
		t.Errorf("unknown: got %d %s", got.Code, got.Body)
	}
	if got := ask(h, "DELETE", "/api/v1/silences/"+later.ID, ""); got.Code != http.StatusBadRequest {
		t.Errorf("by nobody: got %d %s", got.Code, got.Body)
	}
	if all := decoded[[]SilenceState](t, ask(h, "GET", "/api/v1/silences?all=true", ""), http.StatusOK); len(all) != 3 || all[2].State != "over" {
		t.Errorf("all: got %+v", all)
	}
}

func TestHTTPSilenceRefusesWhatIsNoneOrTooMuch(t *testing.T) {
	t.Parallel()
	h := silencing(t, pipelinetest.NewMemJournal())
	const rest = `, "for": "2h", "by": "ann", "reason": "x"`
	for _, test := range []struct {
		body   string
		status int
		told   string
	}{
		{`{"match": []` + rest + `}`, 400, "rule=*"},
		{`{"match": ["strem=X"]` + rest + `}`, 400, `no label \"strem\"`},
		{`{"match": ["stream="]` + rest + `}`, 400, "no pattern"},
		{`{"match": ["stream=X"], "until": "2h"` + rest + `}`, 400, "unknown field"},
		{`{"match": ["stream=X"]` + rest + `} {}`, 400, "more than one"},
		{`{"match": ["stream=X"], "for": "2h"}`, 400, "by: is empty; reason: is empty"},
		{`{"match": ["stream=X"], "for": "31d", "by": "ann", "reason": "x"}`, 400, "30 days"},
		{`{"match": ["stream=X"], "for": "soon", "by": "ann", "reason": "x"}`, 400, "for: want a time"},
		{`{"match": ["stream=X"], "by": "ann", "reason": "x"}`, 400, "say how long"},
		{`{"match": ["stream=X"], "ends": "2020-01-01T00:00:00Z", "by": "ann", "reason": "x"}`, 400, "over already"},
		{`{"match": ["stream=X"], "for": "2h", "ends": "2120-01-01T00:00:00Z", "by": "ann", "reason": "x"}`, 400, "not both"},
		{`{"match": ["stream=X"], "starts": "2120-01-01T00:00:00Z", "for": "2h", "by": "ann", "reason": "x"}`, 400, "a year ahead"},
		{`no JSON`, 400, "not as expected"},
		{`{"match": ["stream=` + strings.Repeat("X", maxBody) + `"]` + rest + `}`, 413, "larger"},
	} {
		got := ask(h, "POST", "/api/v1/silences", test.body)
		if got.Code != test.status || !strings.Contains(got.Body.String(), test.told) {
			t.Errorf("%.100s: got %d %s, want %d and %s", test.body, got.Code, got.Body, test.status, test.told)
		}
	}
	r := httptest.NewRequest("POST", "/api/v1/silences", strings.NewReader(`{"match": ["stream=X"]`+rest+`}`))
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "localhost"
	r.Header.Set("Content-Type", "text/plain")
	recorder := httptest.NewRecorder()
	if h.Handler().ServeHTTP(recorder, r); recorder.Code != http.StatusUnsupportedMediaType {
		t.Errorf("as text: got %d %s", recorder.Code, recorder.Body)
	}
	if n := len(h.Silences.Silences().Added); n != 0 {
		t.Errorf("%d silences were made of what is wrong", n)
	}
}

// A disk that fails holds no silence back, and whoever asked hears how long it lasts.
func TestHTTPSilenceThatCannotBeWrittenIsInForce(t *testing.T) {
	t.Parallel()
	journal := pipelinetest.NewMemJournal()
	h := silencing(t, journal)
	journal.Fail(errors.New("disk full"))
	got := ask(h, "POST", "/api/v1/silences", `{"match": ["stream=PAYMENTS"], "for": "2h", "by": "ann", "reason": "x"}`)
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "in force") || !strings.Contains(got.Body.String(), "restart") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if n := len(h.Silences.Silences().Added); n != 1 {
		t.Errorf("%d silences are in force, want 1", n)
	}
}

func TestSilenceByMetadataThatNoIncidentCarriesIsRefused(t *testing.T) {
	h := silencing(t, pipelinetest.NewMemJournal())
	h.Metadata = func() []string { return []string{"owner"} }
	body := func(key string) string {
		return `{"match": ["metadata.` + key + `=payments"], "for": "1h", "by": "ann", "reason": "move"}`
	}
	if r := ask(h, "POST", "/api/v1/silences", body("team")); r.Code != http.StatusBadRequest || !strings.Contains(r.Body.String(), `\"team\"`) {
		t.Errorf("a key that nothing names: %d %s", r.Code, r.Body)
	}
	if r := ask(h, "POST", "/api/v1/silences", body("owner")); r.Code != http.StatusCreated {
		t.Errorf("a key that a route names: %d %s", r.Code, r.Body)
	}
}
