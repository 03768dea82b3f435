package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// What record wrote of a mirror that died, replay tells as the agent would have.
func TestRecordThenReplay(t *testing.T) {
	t.Parallel()
	l := mirrored(t, limits("5"))
	js := l.Mirror.JetStream(t)
	pipelinetest.Eventually(t, soon, "the mirror hears its origin", func() bool {
		return pipelinetest.StreamInfo(t, js, "MIRROR").Mirror.Active >= 0
	})
	file := filepath.Join(t.TempDir(), "cut.jsonl")
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var told bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"record", "--url", l.Mirror.URL(), "--out", file, "--interval", "500ms"}, &Console{Stdout: &told, Stderr: &told})
	}()
	pipelinetest.Eventually(t, soon, "ten looks are recorded", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Count(text, []byte("\n")) > 10
	})
	l.Link.Cut()
	pipelinetest.Eventually(t, soon, "the mirror is silent for longer than its limit", func() bool {
		return pipelinetest.StreamInfo(t, js, "MIRROR").Mirror.Active > shortLimit+2*time.Second
	})
	end()
	if code := <-ended; code != 0 || !strings.Contains(told.String(), "looks recorded, 0 of them saw nothing") {
		t.Fatalf("record: exit code %d: %s", code, &told)
	}

	replayed := invoke(t, "replay", "--output", "json", file)
	var line pipeline.Line
	if err := json.Unmarshal([]byte(replayed.out), &line); err != nil || replayed.code != 0 {
		t.Fatalf("replay: exit code %d, %v: %s%s", replayed.code, err, replayed.out, replayed.errors)
	}
	t.Logf("%s", replayed.out)
	if line.Change != pipeline.Opened || line.Rule != "seen" || line.Stream != "MIRROR" || line.Silent < 5 || line.Silent > 5.5 {
		t.Errorf("got %+v", line)
	}
	if text := invoke(t, "replay", file); text.code != 0 || !strings.Contains(text.out, "opened    critical seen") {
		t.Errorf("replay as text: exit code %d: %s", text.code, text.out)
	}
}
