package webhook

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestNativeSuite(t *testing.T) {
	exportertest.Run(t, exportertest.Setup{
		New: func(t *testing.T, url string) pipeline.Notifier {
			return open(t, Config{Name: "ops", Body: BodyNative, URL: pipeline.NewSecret(url + secretPath)})
		},
		Accept: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("webhook-id") },
		Check: func(t *testing.T, body []byte) {
			n := read[native](t, body)
			if n.Version != nativeVersion || n.Group.ID == "" || n.Title == "" || n.Key == "" || len(n.Changes) == 0 || n.Group.Open+n.Group.Ended == 0 {
				t.Errorf("body is %+v", n)
			}
			for _, c := range n.Changes {
				if c.Change == "" || c.Incident == "" || c.Headline == "" || c.Opened.IsZero() || c.Time.IsZero() {
					t.Errorf("change is %+v", c)
				}
			}
			if len(body) > 8<<20 {
				t.Errorf("body has %d bytes", len(body))
			}
		},
		Secret: "B0SECRETSECRET0",
	})
}

func TestNativeGolden(t *testing.T) {
	for name, n := range told() {
		t.Run(name, func(t *testing.T) { exportertest.Golden(t, "native/"+name, body(t, Config{Body: BodyNative}, n)) })
	}
}

func TestNativeTellsEveryChangeInOrder(t *testing.T) {
	lost := exportertest.Lost()
	n := read[native](t, body(t, Config{Body: BodyNative}, exportertest.One(
		exportertest.Of(lost, pipeline.Opened, 0), exportertest.Of(lost, pipeline.Resolved, time.Minute))))
	var kinds []pipeline.ChangeKind
	for _, c := range n.Changes {
		kinds = append(kinds, c.Change)
	}
	if !slices.Equal(kinds, []pipeline.ChangeKind{pipeline.Opened, pipeline.Resolved}) || n.Changes[0].Late || !n.Changes[1].Late {
		t.Errorf("changes are %+v", n.Changes)
	}
}

func TestNativeIsSigned(t *testing.T) {
	header, text := deliver(t, Config{Name: "ops", Body: BodyNative, SigningSecret: pipeline.NewSecret(secret(strings.Repeat("k", 32)))})
	verifier, err := standardwebhooks.NewWebhook(secret(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(text, header); err != nil {
		t.Error(err)
	}
}

// told returns an incident's life, a storm's, and a test: what each body has golden files of besides.
func told() map[string]pipeline.Notification {
	all := exportertest.Samples()
	some := map[string]pipeline.Notification{}
	for _, name := range []string{
		"opened", "cause-found", "escalated", "reminded", "resolved", "closed", "late", "flapping", "metadata", "rule-delivery-broken",
		"storm-opened", "storm-partly", "storm-over", "test", "test-resolved",
	} {
		some[name] = all[name]
	}
	return some
}
