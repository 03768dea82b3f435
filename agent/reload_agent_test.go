package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mirrorwatch/pipeline/pipelinetest"
)

// fileAgent is an agent that runs in this process on a configuration file, which lies as Kubernetes mounts it: a link to a
// file in a folder that is swapped as a whole.
type fileAgent struct {
	liveAgent
	dir     string
	turn    int
	hangups chan os.Signal
}

// runFile runs an agent on the text of a configuration until the test ends.
func runFile(t testing.TB, text string) *fileAgent {
	t.Helper()
	a := &fileAgent{liveAgent: liveAgent{log: &logbook{}}, dir: t.TempDir(), hangups: make(chan os.Signal, 1)}
	a.mount(t, map[string]string{"config.yaml": text})
	file := ConfigFile{Path: filepath.Join(a.dir, "config.yaml")}
	config, notes, err := LoadConfig(file.Path, nil)
	file.Notes = notes
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Config: config, File: &file, Hangups: a.hangups, Log: slog.New(slog.NewTextHandler(a.log, nil)),
			Listening: func(addr net.Addr) { listening <- addr },
		})
	}()
	a.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the agent's end: %v", err)
		}
		if t.Failed() {
			t.Logf("the agent's log:\n%s", a.log)
		}
	})
	t.Cleanup(a.stop)
	select {
	case addr := <-listening:
		a.api = "http://" + addr.String()
	case err := <-ended:
		ended <- nil
		t.Fatalf("start the agent: %v", err)
	}
	return a
}

// mount swaps the whole folder of files for another one.
func (a *fileAgent) mount(t testing.TB, files map[string]string) {
	t.Helper()
	a.turn++
	folder := fmt.Sprintf("..%d", a.turn)
	if err := os.Mkdir(filepath.Join(a.dir, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(a.dir, folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(filepath.Join(a.dir, name)); err != nil {
			if err := os.Symlink(filepath.Join("..data", name), filepath.Join(a.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Symlink(folder, filepath.Join(a.dir, "..next")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(a.dir, "..next"), filepath.Join(a.dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

// hangup sends a SIGHUP, unless one waits already.
func (a *fileAgent) hangup() {
	select {
	case a.hangups <- syscall.SIGHUP:
	default:
	}
}

// says waits until the log holds the text so many times.
func (a *fileAgent) says(t testing.TB, times int, text string) {
	t.Helper()
	pipelinetest.Eventually(t, soon, fmt.Sprintf("the log says %q %d times", text, times), func() bool {
		return strings.Count(a.log.String(), text) >= times
	})
}
