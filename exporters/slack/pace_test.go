package slack

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestOneMessageASecondIsSent(t *testing.T) {
	inTime(t, func(t *testing.T, f *fake, s *Slack) {
		began := time.Now()
		for k := range 5 {
			tell(t, s, nil, exportertest.Of(mirror(k), pipeline.Opened, 0))
		}
		f.expect(t, "post", "post", "post", "post", "post")
		if took := time.Since(began); took < 4*time.Second-time.Millisecond || took > 4*time.Second+time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestNobodyWaitsForATurnThatComesTooLate(t *testing.T) {
	inTime(t, func(t *testing.T, f *fake, s *Slack) {
		tell(t, s, nil, exportertest.Of(mirror(0), pipeline.Opened, 0))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		n := exportertest.One(exportertest.Of(mirror(1), pipeline.Opened, 0))
		n.Body, _ = s.Render(n)
		if _, err := s.Notify(ctx, n); err == nil || pipeline.IsPermanent(err) {
			t.Errorf("want an error worth a retry: %v", err)
		}
		f.expect(t, "post")
	})
}

func TestTimeThatSlackAsksForIsPassedOn(t *testing.T) {
	server := httptest.NewServer(newFake())
	defer server.Close()
	change := exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)
	tell(t, byToken(t, server.URL+"/api"), nil, change)
	for name, another := range map[string]*Slack{
		"token":   byToken(t, server.URL+"/api"),
		"webhook": open(t, Config{Name: "oncall", URL: pipeline.NewSecret(server.URL + hookPath)}),
	} {
		_, err := notify(t, another, nil, change)
		if d := pipeline.RetryDelay(err); d != time.Second || pipeline.IsPermanent(err) {
			t.Errorf("%s: asks for %v: %v", name, d, err)
		}
	}
}

func TestMentionsAreForWhatBecomesCritical(t *testing.T) {
	warning := exportertest.Lost()
	warning.Level = pipeline.Warning
	made := exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)
	made.Test = true
	lost := exportertest.Lost()
	for name, test := range map[string]struct {
		changes []pipeline.Change
		want    bool
	}{
		"critical":       {only(exportertest.Of(lost, pipeline.Opened, 0)), true},
		"escalated":      {only(exportertest.Of(lost, pipeline.Escalated, time.Minute)), true},
		"warning":        {only(exportertest.Of(warning, pipeline.Opened, 0)), false},
		"reminded":       {only(exportertest.Of(lost, pipeline.Reminded, time.Hour)), false},
		"updated":        {only(exportertest.Of(lost, pipeline.Updated, time.Minute)), false},
		"resolved":       {only(exportertest.Of(lost, pipeline.Resolved, time.Minute)), false},
		"told late":      {[]pipeline.Change{exportertest.Of(lost, pipeline.Opened, 0), exportertest.Of(lost, pipeline.Resolved, time.Minute)}, false},
		"made up":        {only(made), false},
		"without anyone": {only(exportertest.Of(lost, pipeline.Opened, 0)), true},
	} {
		s := byToken(t, "http://127.0.0.1:1")
		if name == "without anyone" {
			s.render.mention, test.want = "", false
		}
		body, err := s.Render(exportertest.One(test.changes...))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(body), "<!here>"); got != test.want {
			t.Errorf("%s: mentions: %v", name, got)
		}
	}
}

func TestButtonsLeadToThePagesThatAreConfigured(t *testing.T) {
	n := exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
	for _, test := range []struct {
		pages pipeline.Pages
		want  int
	}{
		{pipeline.Pages{}, 0},
		{pipeline.Pages{Status: "https://mirrors.example/"}, 1},
		{pipeline.Pages{Status: "https://mirrors.example/", Runbook: "https://wiki.example/{rule}"}, 2},
		{pipeline.Pages{Runbook: "https://wiki.example/" + strings.Repeat("x", 3000)}, 0},
	} {
		s := byToken(t, "http://127.0.0.1:1")
		s.render.pages = test.pages
		body, err := s.Render(n)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(body), `"type":"button"`); got != test.want {
			t.Errorf("%+v: %d buttons, want %d", test.pages, got, test.want)
		}
		messagesOf(t, body)
	}
}

// TestFakeRefusesWhatSlackRefuses is about the fake: a test against one that takes everything would prove nothing.
func TestFakeRefusesWhatSlackRefuses(t *testing.T) {
	section := func(n int) string {
		return `{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", n) + `"}}`
	}
	many := func(n int, one string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]"
	}
	for _, test := range []struct{ blocks, want string }{
		{"[" + section(3000) + "]", ""},
		{"[" + section(3001) + "]", "invalid_blocks"},
		{"[" + section(0) + "]", "invalid_blocks"},
		{many(50, section(10)), ""},
		{many(51, section(10)), "invalid_blocks"},
		{many(4, section(2900)), "msg_blocks_too_long"},
		{`[{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("x", 151) + `"}}]`, "invalid_blocks"},
		{`[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]`, "invalid_blocks"},
		{`[{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"x"},"url":"nonsense"}]}]`, "invalid_blocks"},
		{`[{"type":"poem"}]`, "invalid_blocks"},
		{`{"type":`, "invalid_blocks_format"},
	} {
		_, refused := parse("text", json.RawMessage(test.blocks))
		if name, _, _ := strings.Cut(refused, ":"); name != test.want {
			t.Errorf("%.60s: %q, want %q", test.blocks, refused, test.want)
		}
	}
	if _, refused := parse("", nil); refused != "no_text" {
		t.Errorf("nothing at all: %q", refused)
	}
	if _, _, refused := read(url.Values{"text": {"x"}, "metadata": {`{"key":1}`}}); refused != "invalid_metadata_format" {
		t.Errorf("metadata: %q", refused)
	}
}
