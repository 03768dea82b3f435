package pipelinetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// childVariable marks, in the environment, a process that is to run one server.
const childVariable = "PIPELINETEST_CHILD"

// stopTimeout is how long a child may take to end before it is killed.
const stopTimeout = 10 * time.Second

// child is a server that runs in a process of its own. It is told what to be on its standard input, a blueprint at a
// time, and answers each on its standard output; it ends with its input.
type child struct {
	process *exec.Cmd
	orders  io.WriteCloser
	answers *json.Decoder
	errors  bytes.Buffer  // what the process says on its standard error, once it ended
	ended   chan struct{} // closed when the process is gone
}

// childAnswer is what a child made of a blueprint.
type childAnswer struct {
	Error string
	Ports ports
}

// startChild runs a server in a child process, and returns when it takes connections.
func startChild(plan blueprint) (instance, ports, error) {
	name := plan.Options.Name
	if plan.Options.Configure != nil {
		return nil, ports{}, fmt.Errorf("configure server %s: Configure cannot reach a child process", name)
	}
	c, err := newChild()
	if err != nil {
		return nil, ports{}, fmt.Errorf("start process of server %s: %w", name, err)
	}
	at, err := c.tell(plan)
	if err != nil {
		c.stop()
		return nil, ports{}, fmt.Errorf("start server %s: %w%s", name, err, c.said())
	}
	return c, at, nil
}

func newChild() (*child, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{process: exec.Command(path, "-test.run=^$"), ended: make(chan struct{})}
	c.process.Env = append(os.Environ(), childVariable+"=1")
	c.process.Stderr = &c.errors
	detach(c.process)
	if c.orders, err = c.process.StdinPipe(); err != nil {
		return nil, err
	}
	answers, answering, err := os.Pipe() // not StdoutPipe, which Wait closes under its reader
	if err != nil {
		return nil, err
	}
	c.process.Stdout, c.answers = answering, json.NewDecoder(answers)
	err = c.process.Start()
	_ = answering.Close()
	if err != nil {
		_ = answers.Close()
		return nil, err
	}
	go func() {
		defer close(c.ended)
		_ = c.process.Wait() // how it ended is of no interest: it is told to, or killed
		_ = answers.Close()
	}()
	return c, nil
}

// tell hands a blueprint to the child and returns what it answers.
func (c *child) tell(plan blueprint) (ports, error) {
	if err := json.NewEncoder(c.orders).Encode(plan); err != nil {
		return ports{}, err
	}
	var answer childAnswer
	if err := c.answers.Decode(&answer); err != nil {
		return ports{}, fmt.Errorf("read its answer (does TestMain call pipelinetest.Main?): %w", err)
	}
	if answer.Error != "" {
		return ports{}, errors.New(answer.Error)
	}
	return answer.Ports, nil
}

func (c *child) reload(plan blueprint) error {
	_, err := c.tell(plan)
	return err
}

func (c *child) stop() {
	_ = thaw(c.process.Process) // one that is gone needs none
	_ = c.orders.Close()
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		c.kill()
	}
}

// kill ends the process at once, and returns when it is gone.
func (c *child) kill() {
	_ = c.process.Process.Kill()
	<-c.ended
	_ = c.orders.Close()
}

// said is what an ended child had to say about its end.
func (c *child) said() string {
	if text := strings.TrimSpace(c.errors.String()); text != "" {
		return "; it said: " + text
	}
	return ""
}

// Freeze stops the server's process, a Child, as SIGSTOP does: its connections stay open and nothing is answered.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	s.signal(t, "freeze", func(c *child) error {
		if !s.Answers() { // it is frozen
			return nil
		}
		return freeze(c.process.Process)
	})
	s.setFrozen(true)
}

// Thaw lets the server's process, a Child, go on where it was.
func (s *Server) Thaw(t testing.TB) {
	t.Helper()
	s.signal(t, "thaw", func(c *child) error { return thaw(c.process.Process) })
	s.setFrozen(false)
}

// Kill ends the server's process, a Child, without a chance to say goodbye. Start runs it anew.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.signal(t, "kill", func(c *child) error { c.kill(); return nil })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.frozen = nil, false
}

func (s *Server) setFrozen(frozen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = frozen
}

func (s *Server) signal(t testing.TB, verb string, send func(*child) error) {
	t.Helper()
	s.mu.Lock()
	c, ok := s.running.(*child)
	s.mu.Unlock()
	if !ok {
		t.Fatalf("%s server %s: it is no child process that runs", verb, s.Name())
	}
	if err := send(c); err != nil {
		t.Fatalf("%s server %s: %v", verb, s.Name(), err)
	}
}
