// Package otlptest is a server for tests that takes OTLP log records.
package otlptest

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Collector takes OTLP log records over one protocol, with gRPC's own limits. It can go away and come back.
type Collector struct {
	collogspb.UnimplementedLogsServiceServer
	Endpoint string // http://127.0.0.1:PORT

	address string
	http    bool
	stop    func()

	mu       sync.Mutex
	answer   func() (*collogspb.ExportLogsServiceResponse, error)
	refuse   func(*collogspb.ExportLogsServiceRequest) error
	requests []*collogspb.ExportLogsServiceRequest
}

// Start returns one that ends with the test: over gRPC, or over HTTP.
func Start(t testing.TB, overHTTP bool) *Collector {
	t.Helper()
	c := &Collector{http: overHTTP, address: "127.0.0.1:0"}
	c.Listen(t)
	t.Cleanup(func() { c.stop() })
	return c
}

// Listen begins to listen, again on the same port.
func (c *Collector) Listen(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	c.address = listener.Addr().String()
	c.Endpoint = "http://" + c.address
	g := grpc.NewServer()
	collogspb.RegisterLogsServiceServer(g, c)
	serve, stop := g.Serve, g.Stop
	if c.http {
		h := &http.Server{Handler: c}
		serve, stop = h.Serve, func() { _ = h.Close() }
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	c.stop = sync.OnceFunc(func() {
		stop()
		<-done
	})
}

// Stop hangs up on everybody and listens no more.
func (c *Collector) Stop() { c.stop() }

// Answer says what is answered from now on; what is refused with an error counts as not arrived.
func (c *Collector) Answer(answer func() (*collogspb.ExportLogsServiceResponse, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// Refuse says which requests are refused from now on, and with which error; nil: it is not.
func (c *Collector) Refuse(refuse func(*collogspb.ExportLogsServiceRequest) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = refuse
}

// Requests returns what arrived.
func (c *Collector) Requests() []*collogspb.ExportLogsServiceRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// Records returns the records that arrived, in their order.
func (c *Collector) Records() (all []*logspb.LogRecord) {
	for _, request := range c.Requests() {
		for _, of := range request.GetResourceLogs() {
			for _, scoped := range of.GetScopeLogs() {
				all = append(all, scoped.GetLogRecords()...)
			}
		}
	}
	return all
}

// Export implements OTLP over gRPC.
func (c *Collector) Export(_ context.Context, request *collogspb.ExportLogsServiceRequest) (*collogspb.ExportLogsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		if err := c.refuse(request); err != nil {
			return nil, err
		}
	}
	answer := &collogspb.ExportLogsServiceResponse{}
	if c.answer != nil {
		var err error
		if answer, err = c.answer(); err != nil {
			return nil, err
		}
	}
	c.requests = append(c.requests, request)
	return answer, nil
}

// ServeHTTP implements OTLP over HTTP. An error is 503.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := Read(r)
	if err != nil || r.URL.Path != "/v1/logs" {
		http.Error(w, "no log records", http.StatusBadRequest)
		return
	}
	answer, err := c.Export(r.Context(), request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	text, _ := proto.Marshal(answer)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(text)
}

// Read reads an OTLP request.
func Read(r *http.Request) (*collogspb.ExportLogsServiceRequest, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = unpacked
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	request := &collogspb.ExportLogsServiceRequest{}
	return request, proto.Unmarshal(text, request)
}
