package otlpconn

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestHeadersComeFromConfigurationFilesAndEnvironment(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "tenant=a%20b,api-key=env,")
	eachProtocol(t, func(t *testing.T, protocol string) {
		file := filepath.Join(t.TempDir(), "token")
		s := start(t, protocol, nil)
		cfg := Config{
			Endpoint: s.endpoint, Protocol: protocol,
			Headers:     map[string]pipeline.Secret{"Api-Key": pipeline.NewSecret("hush")},
			HeaderFiles: map[string]string{"authorization": file},
		}
		c := dial(t, cfg)
		for _, token := range []string{"Bearer one", "Bearer two"} {
			if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := send(t, c); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{"tenant": "a b", "api-key": "hush", "authorization": token} {
				if got := s.header(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if got := s.header("user-agent"); !strings.HasPrefix(got, "mirrorwatch/1.2.3") {
				t.Errorf("user-agent: %q", got)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, err := send(t, c); err == nil || !strings.Contains(err.Error(), "header authorization: read secret") {
			t.Errorf("error %v, want one that names the header", err)
		}
	})
}

func TestHeadersAreShownNowhere(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "tenant=hushhush")
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, protocol, nil)
		s.grpcAnswer = func() (*colmetricpb.ExportMetricsServiceResponse, error) {
			return nil, status.Error(codes.Unauthenticated, "what is hushhush?")
		}
		s.httpAnswer = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "what is hushhush?", http.StatusUnauthorized)
		}
		cfg := Config{Endpoint: s.endpoint, Protocol: protocol, Headers: map[string]pipeline.Secret{"a": pipeline.NewSecret("hushhush")}}
		target, err := cfg.Target(Metrics)
		if err != nil {
			t.Fatal(err)
		}
		_, err = send(t, dial(t, cfg))
		if status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "what is <secret>?") {
			t.Errorf("error %v", err)
		}
		if shown := fmt.Sprintf("%v %+v %#v %v", cfg, cfg, *target, err); strings.Contains(shown, "hushhush") {
			t.Errorf("a secret is shown: %s", shown)
		}
	})
}

func TestRequestsAreCompressedUnlessToldOtherwise(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, protocol, nil)
		for _, test := range []struct{ variable, key, want string }{
			{"", "", "gzip"}, {"none", "", ""}, {"none", "gzip", "gzip"}, {"gzip", "none", ""},
		} {
			t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", test.variable)
			if _, err := send(t, dial(t, Config{Endpoint: s.endpoint, Protocol: protocol, Compression: test.key})); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			if s.compression != test.want {
				t.Errorf("%+v: %q", test, s.compression)
			}
			s.mu.Unlock()
		}
	})
}

func TestAnswersMeanTheSameOverBothProtocols(t *testing.T) {
	isolate(t)
	said := func(w http.ResponseWriter, code int) {
		text, _ := proto.Marshal(&rpc.Status{Message: "no"})
		w.Header().Set("Content-Type", protobuf)
		w.WriteHeader(code)
		_, _ = w.Write(text)
	}
	s := start(t, HTTP, nil)
	c := dial(t, Config{Endpoint: s.endpoint + "/base", Protocol: HTTP})
	for code, want := range map[int]codes.Code{
		200: codes.OK, 204: codes.OK, 302: codes.FailedPrecondition, 400: codes.InvalidArgument, 401: codes.Unauthenticated, 403: codes.PermissionDenied,
		404: codes.Unimplemented, 408: codes.Unknown, 410: codes.Unimplemented, 413: codes.ResourceExhausted, 422: codes.InvalidArgument, 429: codes.Unavailable, 500: codes.Unknown, 502: codes.Unavailable,
		503: codes.Unavailable, 504: codes.Unavailable,
	} {
		s.httpAnswer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			if want == codes.OK {
				w.WriteHeader(code)
				return
			}
			said(w, code)
		}
		_, err := send(t, c)
		if status.Code(err) != want || want != codes.OK && !strings.Contains(err.Error(), fmt.Sprintf("the server answers %d", code)) {
			t.Errorf("%d: %v, want %s", code, err, want)
		}
		if want != codes.OK && !strings.HasSuffix(err.Error(), ": no") {
			t.Errorf("%d: %v, want the server's word", code, err)
		}
		if s.path != "/base/v1/metrics" {
			t.Errorf("%d: posted to %s", code, s.path)
		}
	}
}

func TestPartialSuccessIsInTheAnswer(t *testing.T) {
	isolate(t)
	partial := &colmetricpb.ExportMetricsServiceResponse{PartialSuccess: &colmetricpb.ExportMetricsPartialSuccess{RejectedDataPoints: 3}}
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, protocol, nil)
		s.grpcAnswer = func() (*colmetricpb.ExportMetricsServiceResponse, error) { return partial, nil }
		s.httpAnswer = func(w http.ResponseWriter, _ *http.Request) {
			text, _ := proto.Marshal(partial)
			w.Header().Set("Content-Type", protobuf)
			_, _ = w.Write(text)
		}
		got, err := send(t, dial(t, Config{Endpoint: s.endpoint, Protocol: protocol}))
		if err != nil || got.GetPartialSuccess().GetRejectedDataPoints() != 3 {
			t.Errorf("answer %v, error %v", got, err)
		}
	})
}

func TestAServerSaysHowLongToPause(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, protocol, nil)
		s.grpcAnswer = func() (*colmetricpb.ExportMetricsServiceResponse, error) {
			full, err := status.New(codes.Unavailable, "full").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)})
			if err != nil {
				return nil, err
			}
			return nil, full.Err()
		}
		s.httpAnswer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, err := send(t, dial(t, Config{Endpoint: s.endpoint, Protocol: protocol}))
		if pause, ok := Pause(err); status.Code(err) != codes.Unavailable || !ok || pause != 7*time.Second {
			t.Errorf("error %v, pause %s %t", err, pause, ok)
		}
		if _, ok := Pause(status.Error(codes.Unavailable, "")); ok {
			t.Error("a pause that nobody asked for")
		}
	})
}

func TestNobodyListeningIsUnavailable(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		_, err = send(t, dial(t, Config{Endpoint: "http://" + listener.Addr().String(), Protocol: protocol}))
		if status.Code(err) != codes.Unavailable || strings.Contains(err.Error(), "Post ") {
			t.Errorf("error %v, want Unavailable", err)
		}
	})
}

func TestCallsArriveAgainOnceTheServerIsBack(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, protocol, nil)
		c := dial(t, Config{Endpoint: s.endpoint, Protocol: protocol})
		if _, err := send(t, c); err != nil {
			t.Fatal(err)
		}
		s.stop()
		if _, err := send(t, c); status.Code(err) != codes.Unavailable {
			t.Fatalf("error %v without a server, want Unavailable", err)
		}
		startAt(t, strings.TrimPrefix(s.endpoint, "http://"), protocol, nil)
		pipelinetest.Eventually(t, 2*reconnectMax, "a call arrives", func() bool {
			_, err := send(t, c)
			return err == nil
		})
	})
}

func TestADeadlineIsToldAsOne(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, protocol, nil)
		late := make(chan struct{})
		t.Cleanup(func() { close(late) })
		s.grpcAnswer = func() (*colmetricpb.ExportMetricsServiceResponse, error) {
			<-late
			return &colmetricpb.ExportMetricsServiceResponse{}, nil
		}
		s.httpAnswer = func(http.ResponseWriter, *http.Request) { <-late }
		c := dial(t, Config{Endpoint: s.endpoint, Protocol: protocol})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := colmetricpb.NewMetricsServiceClient(c).Export(ctx, &colmetricpb.ExportMetricsServiceRequest{})
		if status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("error %v, want DeadlineExceeded", err)
		}
	})
}

func TestACallAfterCloseFails(t *testing.T) {
	isolate(t)
	eachProtocol(t, func(t *testing.T, protocol string) {
		c := dial(t, Config{Endpoint: start(t, protocol, nil).endpoint, Protocol: protocol})
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := send(t, c); status.Code(err) != codes.Canceled {
			t.Errorf("error %v, want Canceled", err)
		}
	})
}
