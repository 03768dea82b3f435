package httppost

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSecretsAreHiddenHoweverTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		named := rapid.StringMatching(`[A-Za-z0-9+/=&<>"' _.~-]{8,40}`).Draw(t, "named")
		path := rapid.StringMatching(`[A-Za-z0-9]{8,30}`).Draw(t, "path")
		password := rapid.StringMatching(`[A-Za-z0-9%&+]{8,20}`).Draw(t, "password")
		u := &url.URL{Scheme: "https", Host: "h", User: url.UserPassword("me", password), Path: "/hooks/" + path, RawQuery: "token=" + url.QueryEscape(named)}
		req := &http.Request{URL: u, Header: http.Header{"Authorization": {"Bearer " + named}}}
		form, err := json.Marshal(map[string]string{"key": named})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join([]string{u.String(), string(form), url.Values{"token": {named}}.Encode(), named, path, password}, "\n")
		shown := scrub(text, allSecrets(req, []string{named}))
		for _, secret := range []string{named, path, password, url.QueryEscape(named)} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q is in %q", secret, shown)
			}
		}
	})
}
