package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// stubborn is a receiver that neither answers nor heeds that an attempt is over.
type stubborn struct {
	asked, let chan struct{}
}

func (s *stubborn) Render(pipeline.Notification) ([]byte, error) { return []byte("page"), nil }

func (s *stubborn) Notify(context.Context, pipeline.Notification) (pipeline.Receipt, error) {
	select {
	case s.asked <- struct{}{}:
	default:
	}
	<-s.let
	return nil, nil
}

// abyss takes calls of any service, and answers none. It returns its endpoint, and what is closed with the first call.
func abyss(t *testing.T) (endpoint string, called chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	called = make(chan struct{})
	first := sync.OnceFunc(func() { close(called) })
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		first()
		<-stream.Context().Done()
		return nil
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String(), called
}

// An end in the middle of a reload, with collectors before and after it that hang, is in time like any other.
func TestEndInAReloadIsInTimeWhateverHangs(t *testing.T) {
	t.Parallel()
	receiver := &stubborn{asked: make(chan struct{}, 1), let: make(chan struct{})}
	s, _ := mirrors(t, map[string]map[string]string{"MIRROR": limits("5M")})
	dir := t.TempDir()
	before, reporting := abyss(t)
	after, _ := abyss(t)
	text := func(endpoint, more string) string {
		return fmt.Sprintf("interval: 1s\nconnections: [{name: live, url: %q}]\ndata_dir: %q\nhttp: {address: '127.0.0.1:0'%s}\nexporters: {otlp: {endpoint: %q, interval: 1s, traces: true}}\n",
			s.URL(), filepath.Join(dir, "data"), more, endpoint)
	}
	a := &fileAgent{liveAgent: liveAgent{log: &logbook{}}, dir: dir}
	a.mount(t, map[string]string{"config.yaml": text(before, "")})
	file := &ConfigFile{Path: filepath.Join(dir, "config.yaml")}
	config, _, err := LoadConfig(file.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	defer close(receiver.let)
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Config: config, File: file, Log: slog.New(slog.NewTextHandler(a.log, nil)), Listening: func(addr net.Addr) { listening <- addr },
			Receivers: []pipeline.Receiver{{Name: "stubborn", Notifier: receiver}},
		})
	}()
	a.api = "http://" + (<-listening).String()
	<-receiver.asked
	<-reporting

	a.mount(t, map[string]string{"config.yaml": text(after, ", token: new")})
	pipelinetest.Eventually(t, soon, "the new configuration is in force", func() bool {
		response, err := http.Get(a.api + "/api/v1/history")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusUnauthorized
	})
	began := time.Now()
	end()
	err = <-ended
	t.Logf("ended after %s: %v\n%s", time.Since(began), err, a.log)
	if took := time.Since(began); err != nil || took > endTime {
		t.Errorf("ended after %s: %v", took, err)
	}
}
