package slack

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

const (
	hookPath = "/services/T0SECRET0/B0SECRET0/XXSECRETXX"
	token    = "xoxb-SECRET-TOKEN"
)

func TestSuiteByIncomingWebhook(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New: func(t *testing.T, url string) pipeline.Notifier {
			return open(t, Config{Name: "oncall", URL: pipeline.NewSecret(url + hookPath)})
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") },
		Key:    func(_ *http.Request, body []byte) string { return keyOf(body) },
		Check:  checkMessage,
		Secret: "XXSECRETXX",
	})
}

func TestSuiteByToken(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New:    func(t *testing.T, url string) pipeline.Notifier { return byToken(t, url+"/api") },
		Accept: (&channel{}).ServeHTTP,
		Key: func(r *http.Request, _ []byte) string {
			var metadata struct {
				EventType    string `json:"event_type"`
				EventPayload struct {
					Key string `json:"key"`
				} `json:"event_payload"`
			}
			if r.ParseForm() != nil || json.Unmarshal([]byte(r.PostForm.Get("metadata")), &metadata) != nil {
				return ""
			}
			return metadata.EventPayload.Key
		},
		Check:  checkMessage,
		Secret: token,
	})
}

func TestIncidentLivesInOneMessage(t *testing.T) {
	c, s := newChannel(t)
	lost := exportertest.Lost()
	receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
	receipt = tell(t, s, receipt, exportertest.Of(lost, pipeline.Updated, time.Minute))
	tell(t, s, receipt, exportertest.Of(lost, pipeline.Resolved, 2*time.Minute))
	c.expect(t, "chat.postMessage", "chat.update 1.0", "chat.update 1.0")
	if text := c.calls[2].text; !strings.Contains(text, "RESOLVED") {
		t.Errorf("the message ends as %q", text)
	}
}

func TestWhatPingsIsAlsoToldInTheThreadAndTheChannel(t *testing.T) {
	for _, kind := range []pipeline.ChangeKind{pipeline.Escalated, pipeline.Reminded} {
		c, s := newChannel(t)
		lost := exportertest.Lost()
		receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
		tell(t, s, receipt, exportertest.Of(lost, kind, time.Hour), exportertest.Of(lost, pipeline.Updated, time.Hour))
		c.expect(t, "chat.postMessage", "chat.update 1.0", "chat.postMessage in 1.0 broadcast")
	}
}

func TestMessageOutOfReachIsPostedAnew(t *testing.T) {
	for _, refused := range []string{"message_not_found", "cant_update_message", "edit_window_closed"} {
		c, s := newChannel(t)
		lost := exportertest.Lost()
		receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
		c.refuse = map[string]string{"chat.update": refused}
		next := tell(t, s, receipt, exportertest.Of(lost, pipeline.Escalated, time.Hour))
		c.expect(t, "chat.postMessage", "chat.update 1.0", "chat.postMessage")
		if string(next) == string(receipt) {
			t.Errorf("%s: the receipt is still the old message's", refused)
		}
	}
}

func TestAnotherChannelGetsAMessageOfItsOwn(t *testing.T) {
	c, s := newChannel(t)
	lost := exportertest.Lost()
	receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
	s.bot.channel = "C777"
	tell(t, s, receipt, exportertest.Of(lost, pipeline.Escalated, time.Hour))
	c.expect(t, "chat.postMessage", "chat.postMessage")
}

func TestRefusalsOfSlackAreSorted(t *testing.T) {
	for refused, permanent := range map[string]bool{
		"invalid_auth": true, "channel_not_found": true, "not_in_channel": true, "token_revoked": true,
		"account_inactive": true, "missing_scope": true, "msg_too_long": true, "invalid_blocks": true, "is_archived": true,
		"internal_error": false, "ratelimited": false, "service_unavailable": false,
	} {
		c, s := newChannel(t)
		c.refuse = map[string]string{"chat.postMessage": refused}
		_, err := notify(t, s, nil, exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
		if err == nil || pipeline.IsPermanent(err) != permanent || !strings.Contains(err.Error(), refused) {
			t.Errorf("%s: permanent is to be %v: %v", refused, permanent, err)
		}
	}
}

func TestFailedThreadReplyIsTriedAgain(t *testing.T) {
	c, s := newChannel(t)
	lost := exportertest.Lost()
	receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
	c.refuse = map[string]string{"chat.postMessage": "internal_error"}
	escalated := exportertest.Of(lost, pipeline.Escalated, time.Hour)
	if _, err := notify(t, s, receipt, escalated); err == nil || pipeline.IsPermanent(err) {
		t.Errorf("want an error worth a retry: %v", err)
	}
	c.refuse = nil
	tell(t, s, receipt, escalated)
	reply := "chat.postMessage in 1.0 broadcast"
	c.expect(t, "chat.postMessage", "chat.update 1.0", reply, "chat.update 1.0", reply)
}

func TestValidateTellsAllProblems(t *testing.T) {
	url, tok := pipeline.NewSecret("https://hooks.slack.example/x"), pipeline.NewSecret(token)
	for _, test := range []struct {
		config Config
		want   []string
	}{
		{Config{}, []string{"name", "token"}},
		{Config{Name: "n", Token: tok}, []string{"channel"}},
		{Config{Name: "n", Token: tok, Channel: "C1"}, nil},
		{Config{Name: "n", TokenFile: "f", Channel: "C1", APIURL: "slack"}, []string{"api_url"}},
		{Config{Name: "n", URL: url}, nil},
		{Config{Name: "n", URLFile: "f"}, nil},
		{Config{Name: "n", URL: url, URLFile: "f", Channel: "C1"}, []string{"url_file", "channel"}},
		{Config{Name: "n", URL: pipeline.NewSecret("x"), Token: tok, TokenFile: "f", Channel: "C1"}, []string{"token_file", "url", "url"}},
	} {
		var got []string
		test.config.Validate(func(path, _ string) { got = append(got, path) })
		if !slices.Equal(got, test.want) {
			t.Errorf("problems at %v, want %v", got, test.want)
		}
	}
	if _, err := New(Config{}); err == nil {
		t.Error("New takes an empty configuration")
	}
}

func TestBothIsToldInOneStyle(t *testing.T) {
	url, tok := pipeline.NewSecret("https://hooks.slack.example/x"), pipeline.NewSecret(token)
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Name: "n", URL: url, URLFile: "f"}, "url_file: give url or url_file, not both"},
		{Config{Name: "n", Token: tok, TokenFile: "f", Channel: "C1"}, "token_file: give token or token_file, not both"},
		{Config{Name: "n", URL: url, Token: tok, Channel: "C1"}, "url: give an incoming webhook's url or a token and channel, not both"},
	} {
		if _, err := New(test.config); err == nil || err.Error() != "configure slack n: "+test.want {
			t.Errorf("want %q: %v", test.want, err)
		}
	}
}

// channel is Slack's web API as far as the bot uses it, with one channel.
type channel struct {
	calls  []called
	refuse map[string]string // method → error
}

type called struct{ what, text string }

func newChannel(t *testing.T) (*channel, *Slack) {
	c := &channel{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, byToken(t, server.URL+"/api/")
}

func (c *channel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := r.ParseForm()
	method, form := strings.TrimPrefix(r.URL.Path, "/api/"), r.PostForm
	what := method
	if ts := form.Get("ts"); ts != "" {
		what += " " + ts
	}
	if ts := form.Get("thread_ts"); ts != "" {
		what += " in " + ts
	}
	if form.Get("reply_broadcast") == "true" {
		what += " broadcast"
	}
	answer := map[string]any{"ok": true, "channel": "C0123456", "ts": form.Get("ts")}
	switch {
	case err != nil || form.Get("token") != token || form.Get("channel") == "" || form.Get("text") == "":
		answer = map[string]any{"ok": false, "error": "invalid_arguments"}
	case c.refuse[method] != "":
		answer = map[string]any{"ok": false, "error": c.refuse[method]}
	case method == "chat.postMessage":
		answer["ts"] = string(rune('1'+len(c.calls))) + ".0"
	}
	c.calls = append(c.calls, called{what, form.Get("text")})
	_ = json.NewEncoder(w).Encode(answer)
}

func (c *channel) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, call := range c.calls {
		got = append(got, call.what)
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls are %q, want %q", got, want)
	}
}

func open(t *testing.T, c Config) *Slack {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func byToken(t *testing.T, apiURL string) *Slack {
	t.Helper()
	return open(t, Config{Name: "oncall", Token: pipeline.NewSecret(token), Channel: "C0123456", APIURL: apiURL})
}

func tell(t *testing.T, s *Slack, receipt pipeline.Receipt, changes ...pipeline.Change) pipeline.Receipt {
	t.Helper()
	next, err := notify(t, s, receipt, changes...)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func notify(t *testing.T, s *Slack, receipt pipeline.Receipt, changes ...pipeline.Change) (pipeline.Receipt, error) {
	t.Helper()
	n := exportertest.One(changes...)
	n.Receipt = receipt
	body, err := s.Render(n)
	if err != nil {
		t.Fatal(err)
	}
	n.Body = body
	return s.Notify(t.Context(), n)
}
