package exportertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
)

// fails lets the server answer with handler, and returns Notify's error, which keeps the secret.
func (s Setup) fails(t *testing.T, handler http.HandlerFunc) error {
	t.Helper()
	_, err := s.send(t, t.Context(), One(Of(Lost(), pipeline.Opened, 0)), handler)
	s.checkError(t, err)
	return err
}

func (s Setup) send(t *testing.T, ctx context.Context, n pipeline.Notification, handler http.HandlerFunc) (pipeline.Receipt, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	defer server.CloseClientConnections()
	notifier := s.New(t, server.URL)
	n.Body = render(t, notifier, n)
	return notifier.Notify(ctx, n)
}

func (s Setup) checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("Notify returned no error")
	}
	text := err.Error()
	if s.Secret == "" || strings.Contains(text, s.Secret) {
		t.Errorf("the error shows the secret: %s", text)
	}
	if len(text) > 1200 || strings.ContainsAny(text, "\n\r\x00") {
		t.Errorf("the error is not one short line: %q", text)
	}
}

func rendered(t *testing.T, notifier pipeline.Notifier) pipeline.Notification {
	t.Helper()
	n := One(Of(Lost(), pipeline.Opened, 0))
	n.Body = render(t, notifier, n)
	return n
}

func render(t *testing.T, notifier pipeline.Notifier, n pipeline.Notification) []byte {
	t.Helper()
	body, err := notifier.Render(n)
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	return body
}
