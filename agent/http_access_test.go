package agent

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
)

// Without a token only callers on this host may, by a name that no foreign name server can point here.
func TestHTTPAccess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token, gone := pipeline.SecretFile(file), pipeline.SecretFile(file+"x")
	for _, test := range []struct {
		name          string
		token         pipeline.Secret
		remote, host  string
		header, value string
		status        int
		told          string
	}{
		{"local", pipeline.Secret{}, "127.0.0.1:5000", "localhost:9188", "", "", http.StatusOK, ""},
		{"local by address", pipeline.Secret{}, "127.0.0.1:5000", "127.0.0.1:9188", "", "", http.StatusOK, ""},
		{"local over IPv6", pipeline.Secret{}, "[::1]:5000", "[::1]:9188", "", "", http.StatusOK, ""},
		{"local, mapped", pipeline.Secret{}, "[::ffff:127.0.0.1]:5000", "LOCALHOST", "", "", http.StatusOK, ""},
		{"rebound name", pipeline.Secret{}, "127.0.0.1:5000", "evil.example:9188", "", "", http.StatusForbidden, "http.token_file"},
		{"name that begins like one", pipeline.Secret{}, "127.0.0.1:5000", "localhost.evil.example", "", "", http.StatusForbidden, "http.token_file"},
		{"no host", pipeline.Secret{}, "127.0.0.1:5000", "", "", "", http.StatusForbidden, "http.token_file"},
		{"remote", pipeline.Secret{}, "10.0.0.7:5000", "localhost:9188", "", "", http.StatusForbidden, "http.token_file"},
		{"behind a proxy", pipeline.Secret{}, "127.0.0.1:5000", "localhost:9188", "X-Forwarded-For", "10.0.0.7", http.StatusForbidden, "http.token_file"},
		{"page of another site", pipeline.Secret{}, "127.0.0.1:5000", "localhost:9188", "Sec-Fetch-Site", "cross-site", http.StatusForbidden, "another site"},
		{"page of another origin", pipeline.Secret{}, "127.0.0.1:5000", "localhost:9188", "Origin", "http://localhost:3000", http.StatusForbidden, "another site"},
		{"token, remote", token, "10.0.0.7:5000", "mw.example", "Authorization", "Bearer hunter2", http.StatusOK, ""},
		{"token, wrong", token, "10.0.0.7:5000", "mw.example", "Authorization", "Bearer hunter3", http.StatusUnauthorized, "not the one"},
		{"token, a part", token, "10.0.0.7:5000", "mw.example", "Authorization", "Bearer hunter", http.StatusUnauthorized, "not the one"},
		{"token, none shown", token, "10.0.0.7:5000", "mw.example", "", "", http.StatusUnauthorized, "--token-file"},
		{"token, local without", token, "127.0.0.1:5000", "localhost:9188", "", "", http.StatusUnauthorized, "--token-file"},
		{"token, other scheme", token, "127.0.0.1:5000", "localhost:9188", "Authorization", "Basic hunter2", http.StatusUnauthorized, "--token-file"},
		{"token that cannot be read", gone, "127.0.0.1:5000", "localhost:9188", "Authorization", "Bearer ", http.StatusServiceUnavailable, "cannot be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := &HTTP{Board: pipeline.NewBoard(noon()), Now: noon, Token: func() pipeline.Secret { return test.token }}
			r := httptest.NewRequest(http.MethodPost, "/api/v1/silences", nil)
			r.RemoteAddr, r.Host = test.remote, test.host
			if test.header != "" {
				r.Header.Set(test.header, test.value)
			}
			recorder := httptest.NewRecorder()
			h.guarded(func(http.ResponseWriter, *http.Request) {})(recorder, r)
			if body := recorder.Body.String(); recorder.Code != test.status || !strings.Contains(body, test.told) || strings.Contains(body, "hunter2") {
				t.Errorf("got %d %s, want %d and %q", recorder.Code, body, test.status, test.told)
			}
			if recorder.Code == http.StatusUnauthorized && recorder.Header().Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

// A rotated token counts from the next request on.
func TestHTTPTokenIsReadAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	h := &HTTP{Token: func() pipeline.Secret { return pipeline.SecretFile(file) }}
	r := httptest.NewRequest(http.MethodGet, "/api/v1/audit", nil)
	r.Header.Set("Authorization", "Bearer new")
	for _, test := range []struct {
		token string
		may   bool
	}{{"old", false}, {"new", true}} {
		if err := os.WriteFile(file, []byte(test.token), 0o600); err != nil {
			t.Fatal(err)
		}
		if refused := h.refuse(r); (refused == nil) != test.may {
			t.Errorf("%s: got %v", test.token, refused)
		}
	}
}

// What tells more than links and silences is guarded too.
func TestHTTPGuardsWhatChangesAndLooksBack(t *testing.T) {
	h := &HTTP{Board: pipeline.NewBoard(noon()), Ready: func() error { return nil }, Now: noon}
	for route, guarded := range map[string]bool{
		"GET /api/v1/links": false, "GET /api/v1/incidents": false, "GET /api/v1/silences": false, "GET /readyz": false,
		"POST /api/v1/silences": true, "DELETE /api/v1/silences/s-1": true,
		"GET /api/v1/history": true, "GET /api/v1/report": true, "GET /api/v1/audit": true,
	} {
		method, path, _ := strings.Cut(route, " ")
		r := httptest.NewRequest(method, path, nil)
		r.RemoteAddr = "10.0.0.7:5000"
		recorder := httptest.NewRecorder()
		h.Handler().ServeHTTP(recorder, r)
		if got := recorder.Code == http.StatusForbidden; got != guarded {
			t.Errorf("%s from elsewhere: got %d %s", route, recorder.Code, recorder.Body)
		}
	}
}
