package slack

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

const token = "xoxb-SECRET-TOKEN"

func TestSuiteByIncomingWebhook(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New: func(t *testing.T, url string) pipeline.Notifier {
			return open(t, Config{Name: "oncall", URL: pipeline.NewSecret(url + hookPath)})
		},
		Accept: patient().ServeHTTP,
		Key:    func(_ *http.Request, body []byte) string { return keyOf(body) },
		Check:  checkMessage,
		Secret: "XXSECRETXX",
	})
}

func TestSuiteByToken(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New:    func(t *testing.T, url string) pipeline.Notifier { return byToken(t, url+"/api") },
		Accept: patient().ServeHTTP,
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
	inTime(t, func(t *testing.T, f *fake, s *Slack) {
		lost := exportertest.Lost()
		receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
		receipt = tell(t, s, receipt, exportertest.Of(lost, pipeline.Updated, time.Minute))
		tell(t, s, receipt, exportertest.Of(lost, pipeline.Resolved, 2*time.Minute))
		f.expect(t, "post", "edit", "edit", "reply")
		if text := f.shown()[0].text; !strings.Contains(text, "RESOLVED") {
			t.Errorf("the message ends as %q", text)
		}
	})
}

func TestWhatPingsIsAlsoToldInTheThreadAndTheChannel(t *testing.T) {
	for _, kind := range []pipeline.ChangeKind{pipeline.Escalated, pipeline.Reminded} {
		inTime(t, func(t *testing.T, f *fake, s *Slack) {
			lost := exportertest.Lost()
			receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
			tell(t, s, receipt, exportertest.Of(lost, kind, time.Hour))
			f.expect(t, "post", "edit", "broadcast")
		})
	}
}

func TestMessageOutOfReachIsPostedAnew(t *testing.T) {
	for _, refused := range []string{"message_not_found", "cant_update_message", "edit_window_closed"} {
		inTime(t, func(t *testing.T, f *fake, s *Slack) {
			lost := exportertest.Lost()
			receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
			f.refuse = map[string]string{"chat.update": refused}
			next := tell(t, s, receipt, exportertest.Of(lost, pipeline.Escalated, time.Hour))
			f.expect(t, "post", "refused edit", "post")
			if string(next) == string(receipt) {
				t.Errorf("%s: the receipt is still the old message's", refused)
			}
		})
	}
}

func TestMessageWhoseThreadIsGoneIsPostedAnew(t *testing.T) {
	inTime(t, func(t *testing.T, f *fake, s *Slack) {
		lost := exportertest.Lost()
		receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
		f.closed = true
		tell(t, s, receipt, exportertest.Of(lost, pipeline.Escalated, time.Hour))
		f.expect(t, "post", "edit", "refused reply", "post")
	})
}

func TestAnotherChannelGetsAMessageOfItsOwn(t *testing.T) {
	inTime(t, func(t *testing.T, f *fake, s *Slack) {
		lost := exportertest.Lost()
		receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
		s.bot.channel = otherChannel
		tell(t, s, receipt, exportertest.Of(lost, pipeline.Escalated, time.Hour))
		f.expect(t, "post", "post")
	})
}

func TestRefusalsOfSlackAreSorted(t *testing.T) {
	const passing, ofThis, broken = "passing", "of this message", "broken"
	for refused, want := range map[string]string{
		"invalid_auth": broken, "not_authed": broken, "channel_not_found": broken, "not_in_channel": broken, "token_revoked": broken,
		"token_expired": broken, "account_inactive": broken, "missing_scope": broken, "is_archived": broken, "no_permission": broken,
		"org_login_required": broken,
		"msg_too_long":       ofThis, "invalid_blocks": ofThis, "msg_blocks_too_long": ofThis,
		"internal_error": passing, "ratelimited": passing, "service_unavailable": passing,
	} {
		inTime(t, func(t *testing.T, f *fake, s *Slack) {
			f.refuse = map[string]string{"chat.postMessage": refused}
			_, err := notify(t, s, nil, exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
			if err == nil || pipeline.IsPermanent(err) != (want != passing) || pipeline.IsBroken(err) != (want == broken) || !strings.Contains(err.Error(), refused) {
				t.Errorf("%s is to be %s: %v", refused, want, err)
			}
		})
	}
}

func TestFailedThreadReplyIsTriedAgain(t *testing.T) {
	inTime(t, func(t *testing.T, f *fake, s *Slack) {
		lost := exportertest.Lost()
		receipt := tell(t, s, nil, exportertest.Of(lost, pipeline.Opened, 0))
		f.refuse = map[string]string{"chat.postMessage": "internal_error"}
		escalated := exportertest.Of(lost, pipeline.Escalated, time.Hour)
		if _, err := notify(t, s, receipt, escalated); err == nil || pipeline.IsPermanent(err) {
			t.Errorf("want an error worth a retry: %v", err)
		}
		f.refuse = nil
		tell(t, s, receipt, escalated)
		f.expect(t, "post", "edit", "refused reply", "edit", "broadcast")
	})
}

func TestMessageFrozenByAnEarlierVersionIsStillSent(t *testing.T) {
	inTime(t, func(t *testing.T, f *fake, s *Slack) {
		n := exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
		n.Body = []byte(`{"text":"as it was","blocks":[],"unfurl_links":false}`)
		if _, err := s.Notify(t.Context(), n); err != nil || f.shown()[0].text != "as it was" {
			t.Errorf("%v, %d messages", err, len(f.shown()))
		}
	})
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
		{Config{Name: "n", URLFile: "f", Mention: "@here, U0123ABC S0456DEF"}, nil},
		{Config{Name: "n", URLFile: "f", Mention: "@everyone"}, []string{"mention"}},
		{Config{Name: "n", URLFile: "f", Mention: "<!here>"}, []string{"mention"}},
		{Config{Name: "n", URL: url, URLFile: "f", Channel: "C1"}, []string{"url_file", "channel"}},
		{Config{Name: "n", URL: pipeline.NewSecret("x"), Token: tok, TokenFile: "f", Channel: "C1"}, []string{"token_file", "url", "url"}},
	} {
		var got []string
		test.config.Validate(func(path, _ string) { got = append(got, path) })
		if !slices.Equal(got, test.want) {
			t.Errorf("problems at %v, want %v", got, test.want)
		}
	}
	if _, err := New(Config{}, pipeline.Pages{}); err == nil {
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
		if _, err := New(test.config, pipeline.Pages{}); err == nil || err.Error() != "configure slack n: "+test.want {
			t.Errorf("want %q: %v", test.want, err)
		}
	}
}

// inTime runs a test of a bot in virtual time, at the time of the samples, against a Slack within the process.
func inTime(t *testing.T, test func(*testing.T, *fake, *Slack)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(exportertest.Start()))
		f := newFake()
		s := byToken(t, "http://127.0.0.1:1/api")
		s.bot.client = within{f}
		test(t, f, s)
	})
}

// expect compares the calls that arrived.
func (f *fake) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(f.calls, want) {
		t.Errorf("calls are %q, want %q", f.calls, want)
	}
}

func open(t *testing.T, c Config) *Slack {
	t.Helper()
	s, err := New(c, pages())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pages() pipeline.Pages {
	return pipeline.Pages{Status: "https://mirrors.example/", Runbook: "https://wiki.example/runbooks/{rule}?cause={cause}&stream={stream}"}
}

func byToken(t *testing.T, apiURL string) *Slack {
	t.Helper()
	return open(t, Config{Name: "oncall", Token: pipeline.NewSecret(token), Channel: theChannel, APIURL: apiURL, Mention: "@here S0PAYMENTS"})
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
