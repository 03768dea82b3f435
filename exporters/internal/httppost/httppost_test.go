package httppost

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

func TestLinkLocalAddressesAreRefused(t *testing.T) {
	for _, target := range []string{"http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://[::ffff:169.254.1.1]:80/x"} {
		err := New().Post(t.Context(), target, nil, nil)
		if !errors.Is(err, errLinkLocal) || !pipeline.IsPermanent(err) {
			t.Errorf("%s: %v", target, err)
		}
	}
	// The dialer refuses what a name resolved to.
	for address, refused := range map[string]bool{"169.254.169.254:80": true, "[fe80::1%eth0]:443": true, "127.0.0.1:80": false, "[2001:db8::1]:80": false} {
		if err := refuseLinkLocal("tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
	if isLinkLocal(netip.MustParseAddr("10.0.0.1")) {
		t.Error("a private address is refused")
	}
}

func TestUnknownCertificateIsRefusedAndRetried(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is meant
	server.StartTLS()
	defer server.Close()
	err := New().Post(t.Context(), server.URL+"/topsecretpath", nil, nil)
	if err == nil || pipeline.IsPermanent(err) || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("want a retryable error about the certificate: %v", err)
	}
}

func TestErrorShowsTheAnswerShortAndWithoutTheURL(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "no hook\n at "+r.URL.String()+" for "+r.URL.Query().Get("key")+strings.Repeat(" very", 100))
	}))
	defer server.Close()
	err := New().Post(t.Context(), server.URL+"/services/B0000001/YYYYYYYY?key=zzzzzzzzz", nil, []byte("{}"))
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	for _, secret := range []string{"B0000001", "YYYYYYYY", "zzzzzzzzz", "\n"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %q", secret, text)
		}
	}
	want := "post to " + server.URL + ": answered 400 Bad Request: no hook at <secret> for <secret> very"
	if !strings.HasPrefix(text, want) || len(text) > len(want)+maxSnippet {
		t.Errorf("error is %q", text)
	}
}

func TestPasswordInTheURLIsSentAndKept(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "hunter22222" {
			t.Errorf("password is %q", password)
		}
		http.Error(w, "hunter22222 is wrong", http.StatusUnauthorized)
	}))
	defer server.Close()
	err := New().Post(t.Context(), strings.Replace(server.URL, "://", "://me:hunter22222@", 1), nil, nil)
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("error is %v", err)
	}
}

func TestWhatIsNoURLIsNotShown(t *testing.T) {
	for _, bad := range []string{"", "SECRETSECRET", "ftp://h/SECRETSECRET", "http://", "http://h:SECRETSECRET/", "http://h/%zzSECRETSECRET"} {
		err := New().Post(t.Context(), bad, nil, nil)
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRetryAfterStaysWithinAnHour(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "4000": time.Hour, "99999999999999999999": 0,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0, "Sat, 03 Jan 2026 03:04:00 GMT": time.Hour,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if d := retryAfter(rapid.String().Draw(t, "value"), now); d < 0 || d > time.Hour {
			t.Errorf("%v", d)
		}
	})
}

func TestAcceptedAnswerIsReadUpToItsCap(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, maxAnswer+1))
	}))
	defer server.Close()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := New().Do(&http.Request{Method: http.MethodPost, URL: target, Header: http.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); n != maxAnswer || err != nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
