package agent

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/grpclog"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestGRPCIsLoggedByItsLevels(t *testing.T) {
	var out bytes.Buffer
	console := &Console{}
	var g grpclog.LoggerV2 = grpcLog{console}
	g.Error("before there is a log")
	console.Log = NewLogger(&out, slog.LevelDebug)
	g.Info("a", "b")
	g.Warningln("a", "b")
	g.Errorf("%s-%s", "a", "b")
	g.Fatal("a")
	for _, want := range []struct{ Level, Msg, Said string }{
		{"DEBUG", "grpc", "ab"}, {"DEBUG", "grpc", "a b"}, {"WARN", "grpc", "a-b"}, {"ERROR", "grpc", "a"},
	} {
		text, err := out.ReadString('\n')
		got := want
		if err != nil || json.Unmarshal([]byte(text), &got) != nil || got != want {
			t.Errorf("%q, want %+v: %v", text, want, err)
		}
	}
	console.Log = NewLogger(&out, slog.LevelInfo)
	g.Warning("a")
	if out.Len() > 0 {
		t.Errorf("a warning is logged for all to see: %s", &out)
	}
}

// gRPC writes text to standard error by itself, all the more where its own environment asks for it.
func TestWhatGRPCSaysIsInTheLog(t *testing.T) {
	t.Setenv("GRPC_GO_LOG_SEVERITY_LEVEL", "info")
	t.Setenv("GRPC_GO_LOG_VERBOSITY_LEVEL", "99")
	t.Setenv("MIRRORWATCH_EXPORTERS_OTLP_ENDPOINT", startCollector(t, &collector{}).Endpoint)
	file, _ := configure(t, startPager(t), pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}))
	for level, wanted := range map[string]bool{"info": false, "debug": true} {
		c := spawn(t, file, "--log-level", level)
		if err := c.end(syscall.SIGTERM); err != nil {
			t.Errorf("the end: %v", err)
		}
		told := false
		for text := range strings.Lines(c.log.String()) {
			var line struct{ Msg string }
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Errorf("no JSON: %s", text)
			}
			told = told || line.Msg == "grpc"
		}
		if told != wanted {
			t.Errorf("at %s gRPC is in the log: %t", level, told)
		}
	}
}
