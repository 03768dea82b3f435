package exportertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mirrorwatch/pipeline"
)

// testRetry sends a frozen body as it is sent after a restart, when nothing of the group is at hand.
func (s Setup) testRetry(t *testing.T) {
	for n, told := range Storm(4) {
		server := httptest.NewServer(s.Accept)
		notifier := s.New(t, server.URL)
		again := pipeline.Notification{Key: told.Key, Group: told.Group, Changes: told.Changes, Body: render(t, notifier, told)}
		if _, err := notifier.Notify(t.Context(), again); err != nil {
			t.Errorf("batch %d: %v", n+1, err)
		}
		server.Close()
	}
}

// testExchanges lets a server tell back all that it was sent, once with success and once without.
func (s Setup) testExchanges(t *testing.T) {
	for _, accept := range []bool{true, false} {
		var told []pipeline.Exchange
		var mu sync.Mutex
		ctx := pipeline.WithExchanges(t.Context(), func(e pipeline.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e)
		})
		var asked atomic.Int64
		_, err := s.send(t, ctx, One(Of(Lost(), pipeline.Opened, 0)), func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			if accept {
				s.Accept(w, r)
				return
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "no: "+r.URL.String()+"\n"+r.Header.Get("Authorization")+"\n"+string(body))
		})
		if (err == nil) != accept {
			t.Fatalf("accepted: %v, but Notify says %v", accept, err)
		}
		if len(told) == 0 || int64(len(told)) != asked.Load() {
			t.Errorf("%d requests, %d exchanges", asked.Load(), len(told))
		}
		for _, e := range told {
			s.checkExchange(t, e)
			if e.Status == "" || (e.Error == nil) != accept || !accept && len(e.Answer) == 0 {
				t.Errorf("status %q, answer %q, error %v", e.Status, e.Answer, e.Error)
			}
		}
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	var told []pipeline.Exchange
	notifier := s.New(t, server.URL)
	ctx := pipeline.WithExchanges(t.Context(), func(e pipeline.Exchange) { told = append(told, e) })
	_, err := notifier.Notify(ctx, rendered(t, notifier))
	if len(told) != 1 || told[0].Status != "" || told[0].Error == nil || err == nil {
		t.Fatalf("without an answer: %+v, %v", told, err)
	}
	s.checkExchange(t, told[0])
}

func (s Setup) checkExchange(t *testing.T, e pipeline.Exchange) {
	t.Helper()
	var header bytes.Buffer
	_ = http.Header(e.Header).Write(&header)
	shown := strings.Join([]string{e.URL, header.String(), string(e.Body), e.Status, string(e.Answer)}, "\n")
	if e.Error != nil {
		shown += e.Error.Error()
	}
	if strings.Contains(shown, s.Secret) {
		t.Errorf("the exchange shows the secret: %s", shown)
	}
	if e.Method != http.MethodPost || !strings.HasPrefix(e.URL, "http://127.0.0.1:") || len(e.Body) == 0 || e.Took <= 0 {
		t.Errorf("exchange is %+v", e)
	}
	if len(e.Answer) > 5<<10 {
		t.Errorf("%d bytes of the answer are shown", len(e.Answer))
	}
}

// testRefresh is for notifiers whose destination forgets.
func (s Setup) testRefresh(t *testing.T) {
	var asked, refuse atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if refuse.Load() > 0 {
			http.Error(w, r.URL.String()+r.Header.Get("Authorization"), http.StatusServiceUnavailable)
			return
		}
		s.Accept(w, r)
	}))
	defer server.Close()
	notifier, ok := s.New(t, server.URL).(pipeline.Refresher)
	if !ok {
		return // its destination does not forget
	}
	if notifier.Every() <= 0 {
		t.Errorf("refreshed every %v", notifier.Every())
	}
	members := Storm(2500)[0].Members
	if err := notifier.Refresh(t.Context(), members); err != nil || asked.Load() == 0 {
		t.Errorf("refreshed with %d requests: %v", asked.Load(), err)
	}
	asked.Store(0)
	if err := notifier.Refresh(t.Context(), nil); err != nil || asked.Load() > 0 {
		t.Errorf("nothing is open: %d requests, %v", asked.Load(), err)
	}
	refuse.Store(1)
	s.checkError(t, notifier.Refresh(t.Context(), members[:1]))
}
