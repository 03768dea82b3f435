// Package exportertest holds what every notifier must pass: what it sends, how it sorts the answers, and that it keeps
// its secrets. The destination is a real HTTP server on loopback.
package exportertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"mirrorwatch/pipeline"
)

// patience is how long a test waits for what must happen at once.
const patience = 5 * time.Second

// Setup is what the suite has to know of a destination.
type Setup struct {
	// New makes the notifier under test, which is to send to the server at url ("http://127.0.0.1:PORT").
	New func(t *testing.T, url string) pipeline.Notifier
	// Accept answers a request as the destination does when it takes the message.
	Accept http.HandlerFunc
	// Key finds the notification's key in what arrived.
	Key func(r *http.Request, body []byte) string
	// Check fails the test where a rendered body breaks one of the destination's limits. It is valid JSON already.
	Check func(t *testing.T, body []byte)
	// Secret is a part of the notifier's URL or its token. No error and no exchange may show it.
	Secret string
}

// Run runs the suite.
func Run(t *testing.T, s Setup) {
	t.Run("Rendering", s.testRendering)
	t.Run("AcceptedNotificationCarriesItsKey", s.testAccepted)
	t.Run("AnswersAreSorted", s.testAnswers)
	t.Run("RetryAfterIsHonoured", s.testRetryAfter)
	t.Run("RefusedConnectionIsRetryable", s.testRefusedConnection)
	t.Run("HangingServerIsLeftAtTheDeadline", s.testHanging)
	t.Run("RedirectIsNotFollowed", s.testRedirect)
	t.Run("EndlessAnswerIsCutOff", s.testEndless)
	t.Run("RetryNeedsTheBodyOnly", s.testRetry)
	t.Run("ExchangesAreToldWithoutSecrets", s.testExchanges)
	t.Run("RefreshTellsWhatIsOpen", s.testRefresh)
}

func (s Setup) testRendering(t *testing.T) {
	notifier := s.New(t, "http://127.0.0.1:1")
	all := Samples()
	for name, n := range Hostile() {
		all["hostile-"+name] = n
	}
	all["500 incidents"] = Many(500)
	for n, told := range Storm(400) {
		all[fmt.Sprintf("storm of 400, batch %d", n+1)] = told
	}
	empty := One(Of(Lost(), pipeline.Opened, 0))
	empty.Members, empty.Open, empty.Labels = nil, 0, nil
	all["without members"] = empty
	for name, n := range all {
		t.Run(name, func(t *testing.T) {
			body := render(t, notifier, n)
			if again := render(t, notifier, n); !bytes.Equal(body, again) {
				t.Errorf("rendered twice, two bodies:\n%s\n%s", body, again)
			}
			if !json.Valid(body) || !utf8.Valid(body) {
				t.Fatalf("not valid JSON in UTF-8: %q", body)
			}
			s.Check(t, body)
		})
	}
}

func (s Setup) testAccepted(t *testing.T) {
	n := One(Of(Lost(), pipeline.Opened, 0))
	var key atomic.Value
	_, err := s.send(t, t.Context(), n, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		key.Store(s.Key(r, body))
		if agent := r.Header.Get("User-Agent"); agent != "mirrorwatch" && !strings.HasPrefix(agent, "mirrorwatch/") {
			t.Errorf("User-Agent is %q", agent)
		}
		s.Accept(w, r)
	})
	if err != nil {
		t.Fatalf("accepted, but Notify says: %v", err)
	}
	if key.Load() != n.Key {
		t.Errorf("key %q arrived, want %q", key.Load(), n.Key)
	}
}

func (s Setup) testAnswers(t *testing.T) {
	for code, permanent := range map[int]bool{
		400: true, 401: true, 403: true, 404: true, 410: true, 413: true,
		408: false, 425: false, 429: false, 500: false, 502: false, 503: false,
	} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			err := s.fails(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(code)
				body, _ := io.ReadAll(r.Body)
				_, _ = io.WriteString(w, "refused "+r.URL.String()+"\n\x00"+r.Header.Get("Authorization")+string(body[max(0, len(body)-200):]))
			})
			if pipeline.IsPermanent(err) != permanent {
				t.Errorf("permanent is %v, want %v: %v", !permanent, permanent, err)
			}
			if broken := code == 401 || code == 403 || code == 404 || code == 410; pipeline.IsBroken(err) != broken {
				t.Errorf("broken is %v, want %v: %v", !broken, broken, err)
			}
			if !strings.Contains(err.Error(), "refused") {
				t.Errorf("the server's words are missing: %v", err)
			}
		})
	}
}

func (s Setup) testRetryAfter(t *testing.T) {
	for _, test := range []struct {
		name, header string
		code         int
		least, most  time.Duration
	}{
		{"seconds", "7", 429, 7 * time.Second, 7 * time.Second},
		{"date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), 503, 50 * time.Second, time.Minute},
		{"past", "Thu, 01 Jan 1970 00:00:00 GMT", 503, 0, 0},
		{"nonsense", "soon", 503, 0, 0},
		{"years", "99999999", 503, time.Minute, 24 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := s.fails(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", test.header)
				w.WriteHeader(test.code)
			})
			if d := pipeline.RetryDelay(err); d < test.least || d > test.most || pipeline.IsPermanent(err) {
				t.Errorf("delay is %v, want %v to %v: %v", d, test.least, test.most, err)
			}
		})
	}
}

func (s Setup) testRefusedConnection(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	notifier := s.New(t, server.URL)
	_, err := notifier.Notify(t.Context(), rendered(t, notifier))
	s.checkError(t, err)
	if pipeline.IsPermanent(err) {
		t.Errorf("permanent: %v", err)
	}
}

func (s Setup) testHanging(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := s.send(t, ctx, One(Of(Lost(), pipeline.Opened, 0)), func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	s.checkError(t, err)
	if pipeline.IsPermanent(err) {
		t.Errorf("permanent: %v", err)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("took %v", took)
	}
}

func (s Setup) testRedirect(t *testing.T) {
	var followed atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
	defer elsewhere.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		err := s.fails(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, code)
		})
		if !pipeline.IsPermanent(err) || !strings.Contains(err.Error(), "redirect") {
			t.Errorf("%d: want a permanent error about the redirect: %v", code, err)
		}
	}
	if followed.Load() {
		t.Error("a redirect was followed")
	}
}

func (s Setup) testEndless(t *testing.T) {
	for _, code := range []int{200, 400, 500} {
		var sent atomic.Int64
		began := time.Now()
		_, err := s.send(t, t.Context(), One(Of(Lost(), pipeline.Opened, 0)), func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(code)
			for chunk := bytes.Repeat([]byte("x"), 64<<10); r.Context().Err() == nil; {
				n, err := w.Write(chunk)
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		})
		if code != 200 {
			s.checkError(t, err)
		}
		if took := time.Since(began); took > patience {
			t.Errorf("%d: took %v", code, took)
		}
		if n := sent.Load(); n > 64<<20 {
			t.Errorf("%d: the client let the server send %d bytes", code, n)
		}
	}
}
