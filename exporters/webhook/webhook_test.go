package webhook

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/alert"
	"mirrorwatch/pipeline"
)

const secretPath = "/hooks/T0SECRET0/B0SECRETSECRET0"

func TestSuite(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New: func(t *testing.T, url string) pipeline.Notifier {
			return open(t, Config{Name: "ops", URL: pipeline.NewSecret(url + secretPath + "?token=B0SECRETSECRET0")})
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("webhook-id") },
		Check:  checkMessage,
		Secret: "B0SECRETSECRET0",
	})
}

// checkMessage holds a body against what receivers of Alertmanager's version 4 rely on.
func checkMessage(t *testing.T, body []byte) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	var m message
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if m.Version != "4" || m.GroupKey == "" || len(m.Alerts) == 0 {
		t.Errorf("version %q, group key %q, %d alerts", m.Version, m.GroupKey, len(m.Alerts))
	}
	for _, a := range m.Alerts {
		if (a.Status == firing) != a.EndsAt.IsZero() || a.StartsAt.IsZero() {
			t.Errorf("%s alert starts %v and ends %v", a.Status, a.StartsAt, a.EndsAt)
		}
		for name, value := range a.Labels {
			if value == "" || len([]rune(value)) > alert.MaxLabel || strings.ContainsAny(value, "\n\x00\x1b") {
				t.Errorf("label %s is %q", name, value)
			}
		}
	}
	if len(body) > 4<<20 {
		t.Errorf("body has %d bytes", len(body))
	}
}

func TestSignatureIsWhatStandardWebhooksVerifies(t *testing.T) {
	older, newer := secret("an older key of 32 bytes length."), secret("a newer key, 32 bytes as well...")
	for name, given := range map[string]string{"one": newer, "rotation": older + ", " + newer, "without prefix": strings.TrimPrefix(newer, "whsec_")} {
		t.Run(name, func(t *testing.T) {
			header, body := deliver(t, Config{Name: "ops", SigningSecret: pipeline.NewSecret(given)})
			verifier, err := standardwebhooks.NewWebhook(newer)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify(body, header); err != nil {
				t.Error(err)
			}
			if err := verifier.Verify(append(body, ' '), header); err == nil {
				t.Error("a changed body verifies too")
			}
		})
	}
}

func TestWithoutSecretNothingIsSigned(t *testing.T) {
	header, _ := deliver(t, Config{Name: "ops"})
	if header.Get("webhook-signature") != "" || header.Get("webhook-id") == "" || header.Get("webhook-timestamp") == "" {
		t.Errorf("headers are %v", header)
	}
}

func TestSecretFilesAreReadAtEachAttempt(t *testing.T) {
	paths := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path }))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "url")
	w := open(t, Config{Name: "ops", URLFile: file})
	n := notification(t, w)
	if _, err := w.Notify(t.Context(), n); err == nil || pipeline.IsPermanent(err) {
		t.Errorf("a missing file is to be worth a retry: %v", err)
	}
	for _, want := range []string{"/first", "/second"} {
		if err := os.WriteFile(file, []byte(server.URL+want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Notify(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if got := <-paths; got != want {
			t.Errorf("posted to %s, want %s", got, want)
		}
	}
	if err := os.WriteFile(file, []byte("B0SECRETSECRET0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Notify(t.Context(), n); err == nil || strings.Contains(err.Error(), "B0SECRET") {
		t.Errorf("want an error that keeps the secret: %v", err)
	}
}

func TestBodyNamesItsFormat(t *testing.T) {
	for body, want := range map[string]string{"": BodyAlertmanager, BodyNative: BodyNative} {
		var f pipeline.Formatter = open(t, Config{Name: "ops", URL: pipeline.NewSecret("http://127.0.0.1:1/x"), Body: body})
		if got := f.Format(); got != want {
			t.Errorf("%q: %q", body, got)
		}
	}
}

func TestValidateTellsAllProblems(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   []string
	}{
		{Config{}, []string{"name", "url"}},
		{Config{Name: "ops", URL: pipeline.NewSecret("https://h/x"), URLFile: "f"}, []string{"url_file"}},
		{Config{Name: "ops", URL: pipeline.NewSecret("ftp://h/x")}, []string{"url"}},
		{Config{Name: "ops", URLFile: "f", SigningSecret: pipeline.NewSecret("whsec_?"), SigningSecretFile: "f"}, []string{"signing_secret_file", "signing_secret"}},
		{Config{Name: "ops", URLFile: "f", SigningSecret: pipeline.NewSecret("whsec_c2hvcnQ=")}, []string{"signing_secret"}},
		{Config{Name: "ops", URLFile: "f", SigningSecretFile: "f"}, nil},
		{Config{Name: "ops", URLFile: "f", Body: "xml"}, []string{"body"}},
		{Config{Name: "ops", URLFile: "f", Body: BodyNative, RoutingKey: pipeline.NewSecret("k")}, []string{"routing_key"}},
		{Config{Name: "ops", URLFile: "f", RoutingKeyFile: "k"}, []string{"routing_key_file"}},
		{Config{Name: "ops", Body: BodyPagerDuty}, []string{"routing_key"}},
		{Config{Name: "ops", Body: BodyPagerDuty, RoutingKey: pipeline.NewSecret("k"), RoutingKeyFile: "f"}, []string{"routing_key_file"}},
		{Config{Name: "ops", Body: BodyPagerDuty, RoutingKeyFile: "f", SigningSecretFile: "s"}, []string{"signing_secret_file"}},
		{Config{Name: "ops", Body: BodyPagerDuty, RoutingKeyFile: "f"}, nil},
	} {
		var got []string
		test.config.Validate(func(path, problem string) {
			got = append(got, path)
			if problem == "" {
				t.Errorf("%s: no problem told", path)
			}
		})
		if !slices.Equal(got, test.want) {
			t.Errorf("problems at %v, want %v", got, test.want)
		}
	}
	if _, err := New(Config{}, pipeline.Pages{}); err == nil || !strings.Contains(err.Error(), "name") || !strings.Contains(err.Error(), "url") {
		t.Errorf("New says %v", err)
	}
}

func TestBothIsToldInOneStyle(t *testing.T) {
	url := pipeline.NewSecret("https://h/x")
	for want, c := range map[string]Config{
		"url_file: give url or url_file, not both": {Name: "ops", URL: url, URLFile: "f"},
		"signing_secret_file: give signing_secret or signing_secret_file, not both": {
			Name: "ops", URL: url, SigningSecret: pipeline.NewSecret(secret("a key that is long enough, really")), SigningSecretFile: "f",
		},
	} {
		if _, err := New(c, pipeline.Pages{}); err == nil || err.Error() != "configure webhook ops: "+want {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func secret(key string) string { return "whsec_" + base64.StdEncoding.EncodeToString([]byte(key)) }

func pages() pipeline.Pages {
	return pipeline.Pages{Status: "https://mirrorwatch.example.com/", Runbook: "https://runbooks.example.com/{rule}?stream={stream}&cause={cause}"}
}

func open(t *testing.T, c Config) *Webhook {
	t.Helper()
	w, err := New(c, pages())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func notification(t *testing.T, w *Webhook) pipeline.Notification {
	t.Helper()
	n := exportertest.One(exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))
	body, err := w.Render(n)
	if err != nil {
		t.Fatal(err)
	}
	n.Body = body
	return n
}

// deliver sends one notification to a real server, and returns what arrived.
func deliver(t *testing.T, c Config) (http.Header, []byte) {
	t.Helper()
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	c.URL = pipeline.NewSecret(server.URL)
	w := open(t, c)
	if _, err := w.Notify(t.Context(), notification(t, w)); err != nil {
		t.Fatal(err)
	}
	return header, body
}
