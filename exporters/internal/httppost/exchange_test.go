package httppost

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
)

func TestRefusalsOfTheReceiverAsAWhole(t *testing.T) {
	for code := 400; code < 600; code++ {
		if http.StatusText(code) == "" {
			continue
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		err := New().Post(t.Context(), server.URL, nil, nil)
		server.Close()
		want := code == 401 || code == 403 || code == 404 || code == 410
		if pipeline.IsBroken(err) != want || want && !pipeline.IsPermanent(err) {
			t.Errorf("%d: broken is %v: %v", code, pipeline.IsBroken(err), err)
		}
	}
}

func TestExchangeShowsWhatWasSaidButNoSecret(t *testing.T) {
	const key, token = `k"e<y&S3CRET+1`, "T0KEN"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s", r.URL, r.Header, body, strings.Repeat("x", 3*maxShown))
	}))
	defer server.Close()
	var told []pipeline.Exchange
	ctx := pipeline.WithExchanges(t.Context(), func(e pipeline.Exchange) { told = append(told, e) })
	header := http.Header{}
	header.Set("Authorization", "Bearer "+token)
	header.Set("webhook-signature", "v1,S3CRETSIGNATURE")
	header.Set("webhook-id", "mw-1/1")
	body := `{"routing_key":"k\"e<y&S3CRET+1","form":"k%22e%3Cy%26S3CRET%2B1","text":"hello"}`
	if err := New().Post(ctx, server.URL+"/hooks/S3CRETPATH", header, []byte(body), key); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 {
		t.Fatalf("%d exchanges", len(told))
	}
	e := told[0]
	if e.URL != server.URL+"/<secret>" || e.Status != "200 OK" || http.Header(e.Header).Get("webhook-id") != "mw-1/1" || e.Error != nil || e.Took <= 0 {
		t.Errorf("exchange is %+v", e)
	}
	if want := `{"routing_key":"<secret>","form":"<secret>","text":"hello"}`; string(e.Body) != want {
		t.Errorf("body is %s, want %s", e.Body, want)
	}
	for _, shown := range []string{e.URL, fmt.Sprint(e.Header), string(e.Answer)} {
		if strings.Contains(shown, "S3CRETPATH") || strings.Contains(shown, token) || strings.Contains(shown, "S3CRET+1") {
			t.Errorf("a secret is shown: %.300s", shown)
		}
	}
	if fmt.Sprint(e.Header["Webhook-Signature"]) != "[<secret>]" {
		t.Errorf("headers are %v", e.Header)
	}
	if len(e.Answer) > maxShown+len("…") || !strings.Contains(string(e.Answer), "hello") {
		t.Errorf("%d bytes of answer: %.100s", len(e.Answer), e.Answer)
	}
}

func TestSecretAcrossTheEndOfAnAnswerIsHidden(t *testing.T) {
	const token = "T0KENT0KENT0KENT0KEN"
	for _, at := range []int{maxShown - 25, maxShown - len(token), maxShown - 10, maxShown - 1, maxShown} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", at)+token)
		}))
		var told pipeline.Exchange
		ctx := pipeline.WithExchanges(t.Context(), func(e pipeline.Exchange) { told = e })
		if err := New().Post(ctx, server.URL, nil, nil, token); err != nil {
			t.Fatal(err)
		}
		server.Close()
		if strings.Contains(string(told.Answer), "T0") {
			t.Errorf("token at %d: the answer ends with %q", at, told.Answer[max(0, len(told.Answer)-40):])
		}
	}
}

func TestAnswerIsWholeForItsReaderWhenItWasShown(t *testing.T) {
	want := strings.Repeat("0123456789", 2000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, want) }))
	defer server.Close()
	ctx := pipeline.WithExchanges(t.Context(), func(pipeline.Exchange) {})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := New().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); string(got) != want || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
