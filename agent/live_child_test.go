package agent

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mirrorwatch/pipeline/pipelinetest"
)

// child is an agent that runs as a process of its own.
type child struct {
	api string
	log *logbook
	cmd *exec.Cmd
	end func(os.Signal) error // sends it, and waits; only the first call counts
}

// spawn runs mirrorwatch with a configuration and flags, and returns when it listens. It is killed when the test ends.
func spawn(t testing.TB, config string, flags ...string) *child {
	t.Helper()
	c := &child{log: &logbook{}, cmd: exec.Command("mirrorwatch", append([]string{"run", "--config", config}, flags...)...)}
	c.cmd.Stderr = c.log
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	c.end = func(signal os.Signal) (err error) {
		once.Do(func() {
			_ = c.cmd.Process.Signal(signal)
			err = c.cmd.Wait()
		})
		return err
	}
	t.Cleanup(func() {
		_ = c.end(os.Kill)
		if t.Failed() {
			t.Logf("the log of process %d:\n%s", c.cmd.Process.Pid, c.log)
		}
	})
	pipelinetest.Eventually(t, soon, "mirrorwatch runs", func() bool {
		c.api = listens(c.log.String())
		return c.api != ""
	})
	return c
}

// listens finds the address of the HTTP interface in a log.
func listens(log string) string {
	for lines := bufio.NewScanner(strings.NewReader(log)); lines.Scan(); {
		var line struct {
			Text string `json:"msg"`
			HTTP string `json:"http"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Text == "mirrorwatch runs" {
			return "http://" + line.HTTP
		}
	}
	return ""
}

// kill ends the process as a lost machine would.
func (c *child) kill(t testing.TB) {
	t.Helper()
	if err := c.end(syscall.SIGKILL); err == nil {
		t.Fatal("the process had ended by itself")
	}
}

// configure writes the configuration of an agent with one connection, to the server, and one receiver, the pager. Its
// data_dir lies beside it, as the second result.
func configure(t testing.TB, p *pager, server *pipelinetest.Server) (file, dataDir string) {
	t.Helper()
	dir := t.TempDir()
	file, dataDir = filepath.Join(dir, "config.yaml"), filepath.Join(dir, "data")
	text := fmt.Sprintf(`connections: [{name: live, url: %q}]
data_dir: %q
http: {address: "127.0.0.1:0"}
exporters: {webhook: [{name: pager, url: %q}]}
`+atOnce, server.URL(), dataDir, p.server.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, dataDir
}
