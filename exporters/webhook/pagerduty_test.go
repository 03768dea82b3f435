package webhook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

const routingKey = "R0SECRETSECRET0R0SECRETSECRET012"

func TestPagerDutySuite(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New: func(t *testing.T, url string) pipeline.Notifier {
			return open(t, Config{Name: "pager", Body: BodyPagerDuty, URL: pipeline.NewSecret(url + "/v2/enqueue"), RoutingKey: pipeline.NewSecret(routingKey)})
		},
		Accept: accepted,
		Key: func(_ *http.Request, body []byte) string {
			var e sentEvent
			_ = json.Unmarshal(body, &e)
			key, _ := e.Payload.Details["key"].(string)
			return key
		},
		Check:  checkEvents,
		Secret: routingKey,
	})
}

func TestPagerDutyGolden(t *testing.T) {
	for name, n := range told() {
		t.Run(name, func(t *testing.T) { exportertest.Golden(t, "pagerduty/"+name, body(t, Config{Body: BodyPagerDuty}, n)) })
	}
}

// sentEvent is an event as it arrives.
type sentEvent struct {
	RoutingKey string `json:"routing_key"`
	event
}

func accepted(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"success","message":"Event processed","dedup_key":"x"}`)
}

// checkEvents holds a body against the limits of PagerDuty's Events API.
func checkEvents(t *testing.T, text []byte) {
	t.Helper()
	events := read[[]event](t, text)
	if len(events) == 0 || len(events) > 2 {
		t.Fatalf("%d events", len(events))
	}
	for _, e := range events {
		if e.Action != "trigger" && e.Action != "resolve" {
			t.Errorf("event_action is %q", e.Action)
		}
		if e.Dedup == "" || len(e.Dedup) > 255 || e.Dedup != events[0].Dedup {
			t.Errorf("dedup_key is %q", e.Dedup)
		}
		p := e.Payload
		if p.Summary == "" || utf8.RuneCountInString(p.Summary) > 1024 || p.Source == "" || p.Timestamp.IsZero() {
			t.Errorf("payload is %+v", p)
		}
		if p.Severity != "critical" && p.Severity != "warning" {
			t.Errorf("severity is %q", p.Severity)
		}
	}
	if len(text) > 500<<10 {
		t.Errorf("%d bytes", len(text))
	}
}

func TestPagerDutyHasOneAlertAGroup(t *testing.T) {
	var all []event
	var l exportertest.Life
	lost := exportertest.Lost()
	lost.Level = pipeline.Warning
	lost.ID = "mw-zzz"
	other := exportertest.Lost()
	other.Subject.Stream = "OTHER"
	for _, c := range []pipeline.Change{
		exportertest.Of(lost, pipeline.Opened, 0), exportertest.Of(lost, pipeline.Escalated, time.Minute), exportertest.Of(other, pipeline.Opened, 0),
		exportertest.Of(lost, pipeline.Resolved, 2*time.Minute), exportertest.Of(other, pipeline.Resolved, 3*time.Minute),
	} {
		all = append(all, read[[]event](t, body(t, Config{Body: BodyPagerDuty}, l.Tell(c)))...)
	}
	var got []string
	for _, e := range all {
		got = append(got, e.Dedup+" "+e.Action+" "+e.Payload.Severity)
	}
	want := []string{"mw-zzz trigger warning", "mw-zzz trigger critical", "mw-zzz trigger critical", "mw-zzz trigger critical", "mw-zzz resolve critical"}
	if !slices.Equal(got, want) {
		t.Errorf("events are %q, want %q", got, want)
	}
}

func TestPagerDutyHearsOfWhatCameAndWent(t *testing.T) {
	lost := exportertest.Lost()
	n := exportertest.One(exportertest.Of(lost, pipeline.Opened, 0), exportertest.Of(lost, pipeline.Resolved, time.Minute))
	var mu sync.Mutex
	var got []string
	fail := true // the resolve, once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		text, _ := io.ReadAll(r.Body)
		e := read[sentEvent](t, text)
		got = append(got, e.Action)
		if e.RoutingKey != routingKey || e.Dedup != lost.ID {
			t.Errorf("event is %+v", e)
		}
		if e.Action == "resolve" && fail {
			fail = false
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		accepted(w, r)
	}))
	defer server.Close()
	w := open(t, Config{Name: "pager", Body: BodyPagerDuty, URL: pipeline.NewSecret(server.URL), RoutingKey: pipeline.NewSecret(routingKey)})
	n.Body = body(t, Config{Body: BodyPagerDuty}, n)
	if strings.Contains(string(n.Body), "SECRET") {
		t.Errorf("the routing key is in what the journal keeps: %s", n.Body)
	}
	if _, err := w.Notify(t.Context(), n); err == nil || pipeline.IsPermanent(err) {
		t.Errorf("the resolve failed: %v", err)
	}
	if _, err := w.Notify(t.Context(), n); err != nil {
		t.Error(err)
	}
	if want := []string{"trigger", "resolve", "trigger", "resolve"}; !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

func TestPagerDutyRefusingTheKeyIsNotTheEventsFault(t *testing.T) {
	for answer, broken := range map[string]bool{
		`{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}`: true,
		`Invalid routing key`: true,
		`{"status":"invalid event","message":"Event object is invalid","errors":["'payload.severity' is invalid"]}`: false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, answer, http.StatusBadRequest) }))
		w := open(t, Config{Name: "pager", Body: BodyPagerDuty, URL: pipeline.NewSecret(server.URL), RoutingKey: pipeline.NewSecret(routingKey)})
		_, err := w.Notify(t.Context(), notification(t, w))
		if pipeline.IsBroken(err) != broken || !pipeline.IsPermanent(err) {
			t.Errorf("%s: broken is %v, permanent %v", answer, pipeline.IsBroken(err), pipeline.IsPermanent(err))
		}
		server.Close()
	}
}

func TestPagerDutyKeyIsReadAtEachAttempt(t *testing.T) {
	keys := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		keys <- read[sentEvent](t, text).RoutingKey
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "key")
	w := open(t, Config{Name: "pager", Body: BodyPagerDuty, URL: pipeline.NewSecret(server.URL), RoutingKeyFile: file})
	for _, want := range []string{`first"key`, "second"} {
		if err := os.WriteFile(file, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Notify(t.Context(), notification(t, w)); err != nil {
			t.Fatal(err)
		}
		if got := <-keys; got != want {
			t.Errorf("key is %q, want %q", got, want)
		}
	}
}

func TestPagerDutyNeedsNoURL(t *testing.T) {
	w := open(t, Config{Name: "pager", Body: BodyPagerDuty, RoutingKey: pipeline.NewSecret(routingKey)})
	if url, err := w.url.Reveal(); url != DefaultPagerDutyURL || err != nil {
		t.Errorf("url is %q, %v", url, err)
	}
}
