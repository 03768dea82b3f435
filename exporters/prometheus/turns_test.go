package prometheus

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The page is larger than what kernels hold for a client that does not read.
func TestClientsThatDoNotReadKeepThePageFromNobody(t *testing.T) {
	h := open(watched(time.Now(), 30_000), nothing, Config{})
	h.patience = patience{turn: time.Minute, part: 200 * time.Millisecond, whole: time.Minute}
	server := httptest.NewServer(h)
	defer server.Close()
	for range atOnce {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "GET /metrics HTTP/1.1\r\nHost: mirrorwatch\r\n\r\n")
		if line, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
			t.Fatalf("answer %q, %v", line, err)
		}
	}
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || n < 1<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestWhoGetsNoTurnIsToldToComeAgain(t *testing.T) {
	h := open(fleet(time.Now()), nothing, Config{})
	h.patience.turn = time.Millisecond
	for range atOnce {
		h.writing <- struct{}{}
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
		t.Errorf("%d, %v", answer.Code, answer.Header())
	}
}
