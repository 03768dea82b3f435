package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// notifyConfig writes a configuration with the given exporters.
func notifyConfig(t *testing.T, exporters string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.yaml")
	text := "connections: [{name: main, url: \"nats://127.0.0.1:4222\"}]\nexporters:\n" + exporters
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ledger is a destination that keeps what it is sent, and answers as a webhook and as Slack would; it repeats what is
// secret, as a rude one might.
type ledger struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func newLedger(t *testing.T, status int) *ledger {
	l := &ledger{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		l.bodies = append(l.bodies, string(body))
		n := len(l.bodies)
		l.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"ok":true,"channel":"C0123456","ts":"1700000000.%06d","echo":%q,"auth":%q}`, n, r.URL.Path, r.Header.Get("Authorization"))
	}))
	t.Cleanup(l.Close)
	return l
}

// Every kind of receiver is told of the beginning and of the end, both marked; whatever it answers, no secret is printed,
// also where all is refused.
func TestNotifyTestTellsBeginAndEndAndHidesSecrets(t *testing.T) {
	t.Parallel()
	secrets := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(secrets, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const signing = "aHVudGVyMi1zaWduaW5nLWtleS1vZi0zMi1ieXRlcyE="
	for name, exporters := range map[string]string{
		"webhook":              `webhook: [{name: ops, url: "URL/hooks/hunter2-path?key=hunter2-query", signing_secret: "whsec_` + signing + `"}]`,
		"webhook of files":     `webhook: [{name: ops, url_file: "` + "URLFILE" + `", signing_secret_file: "` + file("signing", "whsec_"+signing) + `"}]`,
		"webhook, native":      `webhook: [{name: ops, body: native, url: "URL/hooks/hunter2-path"}]`,
		"pagerduty":            `webhook: [{name: ops, body: pagerduty, url: "URL", routing_key: "hunter2hunter2hunter2hunter2aaaa"}]`,
		"pagerduty of a file":  `webhook: [{name: ops, body: pagerduty, url: "URL", routing_key_file: "` + file("routing", "hunter2hunter2hunter2hunter2aaaa") + `"}]`,
		"slack bot":            `slack: [{name: ops, token: "xoxb-hunter2-token", channel: C0123456, api_url: "URL/api/"}]`,
		"slack bot of a file":  `slack: [{name: ops, token_file: "` + file("slack", "xoxb-hunter2-token") + `", channel: C0123456, api_url: "URL/api/"}]`,
		"otlplog":              `otlplog: [{name: ops, endpoint: "URL", protocol: http/protobuf, compression: none, headers: {authorization: Bearer hunter2-token}}]`,
		"otlplog of a file":    `otlplog: [{name: ops, endpoint: "URL", protocol: http/protobuf, compression: none, header_files: {x-key: "` + file("header", "hunter2-header") + `"}}]`,
		"slack webhook":        `slack: [{name: ops, url: "URL/services/T000/B000/hunter2-path"}]`,
		"alertmanager":         `alertmanager: [{name: ops, urls: ["URL"]}]`,
		"alertmanager, token":  `alertmanager: [{name: ops, urls: ["URL"], token: "hunter2-token"}]`,
		"alertmanager, a user": `alertmanager: [{name: ops, urls: ["URL"], username: mw, password_file: "` + file("password", "hunter2-password") + `"}]`,
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				t.Parallel()
				destination := newLedger(t, status)
				text := strings.ReplaceAll(exporters, "URLFILE", file(strings.ReplaceAll(t.Name(), "/", "_"), destination.URL+"/hooks/hunter2-path"))
				config := notifyConfig(t, "  "+strings.ReplaceAll(text, "URL", destination.URL)+"\n")
				got := invoke(t, "notify", "test", "--config", config)
				told := got.out + got.errors
				if accepted := strings.HasSuffix(got.out, "ops: accepted\n"); accepted != (status == http.StatusOK) || (got.code == 0) != accepted {
					t.Errorf("exit code %d: %s", got.code, told)
				}
				if !strings.Contains(got.out, "> POST ") {
					t.Errorf("it shows no request: %s", told)
				}
				if status == http.StatusOK && len(destination.bodies) < 2 {
					t.Errorf("got %d requests, want the beginning and the end", len(destination.bodies))
				}
				for _, body := range destination.bodies {
					if !strings.Contains(body, "MIRRORWATCH_TEST") || !strings.Contains(strings.ToLower(strings.ReplaceAll(body, "MIRRORWATCH_TEST", "")), "test") {
						t.Errorf("it is not marked as a test: %s", body)
					}
				}
				for _, secret := range []string{"hunter2", strings.TrimRight(signing, "=")} {
					if at := strings.Index(told, secret); at >= 0 {
						t.Errorf("told the secret %s: %s", secret, told[max(0, at-100):min(len(told), at+100)])
					}
				}
			})
		}
	}
}

func TestNotifyTestTellsWhoRefused(t *testing.T) {
	t.Parallel()
	well, ill := newLedger(t, http.StatusOK), newLedger(t, http.StatusForbidden)
	config := notifyConfig(t, fmt.Sprintf("  webhook:\n    - {name: good, url: \"%s\"}\n    - {name: bad, url: \"%s/hooks/hunter2-path\"}\n", well.URL, ill.URL))
	got := invoke(t, "notify", "test", "--config", config, "--output", "json")
	var results []notifyResult
	if err := json.Unmarshal([]byte(got.out), &results); err != nil || got.code != 1 {
		t.Fatalf("exit code %d, %v: %s", got.code, err, got.out)
	}
	accepted := map[string]int{}
	for _, r := range results {
		if r.Accepted {
			accepted[r.Receiver]++
		} else if r.Receiver != "bad" || !strings.Contains(r.Error, "403") {
			t.Errorf("got %+v", r)
		}
	}
	if accepted["good"] != 2 || accepted["bad"] != 0 || strings.Contains(got.out, "hunter2") {
		t.Errorf("got %s", got.out)
	}

	if got := invoke(t, "notify", "test", "--config", config, "good"); got.code != 0 || strings.Contains(got.out, "bad") {
		t.Errorf("one receiver: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	if got := invoke(t, "notify", "test", "--config", config, "god"); got.code != 1 || !strings.Contains(got.errors, "there are good, bad") {
		t.Errorf("unknown receiver: exit code %d: %s%s", got.code, got.out, got.errors)
	}
}
