package measure

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Agent is mirrorwatch run, in a process of its own.
type Agent struct {
	API string // its URL

	cmd   *exec.Cmd
	ended chan struct{}
}

// StartAgent runs an agent until ctx ends, or End, and returns once it serves HTTP. Its configuration and log are kept in dir.
func StartAgent(ctx context.Context, binary, dir string, config []byte) (*Agent, error) {
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	a := &Agent{cmd: exec.CommandContext(ctx, binary, "run", "--config", file), ended: make(chan struct{})}
	lines, err := a.cmd.StderrPipe()
	if err == nil {
		err = a.cmd.Start()
	}
	if err != nil {
		_ = log.Close() // nothing was written
		return nil, fmt.Errorf("start the agent: %w", err)
	}
	listening := make(chan string, 1)
	go a.follow(io.TeeReader(lines, log), log, listening)
	select {
	case address := <-listening:
		a.API = "http://" + address
		return a, nil
	case <-a.ended:
		said, _ := os.ReadFile(log.Name()) // nothing is said, then
		return nil, fmt.Errorf("start the agent: it ended: %s", said)
	case <-time.After(time.Minute):
		a.End()
		return nil, errors.New("start the agent: it does not say where it listens")
	}
}

// follow reads the agent's log to its end, and tells where it listens.
func (a *Agent) follow(lines io.Reader, log io.Closer, listening chan<- string) {
	defer close(a.ended)
	defer log.Close()
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line struct {
			Text string `json:"msg"`
			HTTP string `json:"http"`
		}
		if json.Unmarshal(scanner.Bytes(), &line) == nil && line.Text == "mirrorwatch runs" {
			select {
			case listening <- line.HTTP:
			default:
			}
		}
	}
	_ = a.cmd.Wait() // how it ended, its log tells
}

// PID is the process's id.
func (a *Agent) PID() int { return a.cmd.Process.Pid }

// End ends the agent as an operator would, and waits for it.
func (a *Agent) End() {
	_ = a.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-a.ended:
	case <-time.After(30 * time.Second):
		_ = a.cmd.Process.Kill() // as before
		<-a.ended
	}
}
