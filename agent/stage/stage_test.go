package stage

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"mirrorwatch/agent"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"

	natsjs "github.com/nats-io/nats.go/jetstream"
)

func TestTheMirrorCopiesWhileTheAgentServes(t *testing.T) {
	s, err := Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	config := agent.DefaultConfig()
	config.Connections = []jetstream.Config{{Name: "leaf", URL: jetstream.URLs(s.Leaf.URL())}}
	config.DataDir, config.HTTP.Address = t.TempDir(), "127.0.0.1:0"
	a, err := StartAgent(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	js, err := natsjs.New(s.LeafClient)
	if err != nil {
		t.Fatal(err)
	}
	pipelinetest.Eventually(t, 20*time.Second, "the mirror copies", func() bool { return pipelinetest.Copied(t, js, Mirror, 1) })
	response, err := http.Get(a.API + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
		t.Errorf("the agent answers %s", response.Status)
	}
	if err := a.End(); err != nil {
		t.Errorf("the agent's end: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("the stage's end: %v", err)
	}
}

func TestAnAgentThatCannotStartSaysWhy(t *testing.T) {
	config := agent.DefaultConfig()
	config.HTTP.Address = "127.0.0.1:none"
	if _, err := StartAgent(t.Context(), config, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it runs")
	}
}
