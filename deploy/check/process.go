package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a program that was started here.
type process struct {
	name string
	log  string // file
	cmd  *exec.Cmd
	gone chan struct{} // closed when it ended
}

// launch starts a program, whose output goes to a file in dir.
func launch(dir, name, program string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), gone: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	if err := p.cmd.Start(); err != nil {
		out.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		defer close(p.gone)
		defer out.Close()
		_ = p.cmd.Wait() // who wanted it to end knows how it does
	}()
	return p, nil
}

// ready waits until a page of the process says 200.
func (p *process) ready(ctx context.Context, url string) error {
	return await(ctx, 30*time.Second, p.name+" is ready", func() (bool, error) {
		select {
		case <-p.gone:
			said, _ := os.ReadFile(p.log)
			return false, fmt.Errorf("%s ended: %s", p.name, said)
		default:
		}
		response, err := http.Get(url)
		if err != nil {
			return false, nil // it does not listen yet
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	})
}

// end ends the process as an operator would, and waits for it.
func (p *process) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-p.gone:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill() // as before
		<-p.gone
	}
}

// await asks four times a second until it is so.
func await(ctx context.Context, patience time.Duration, what string, so func() (bool, error)) error {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for until := time.Now().Add(patience); ; {
		if ok, err := so(); err != nil || ok {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("waited %s in vain: %s", patience, what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// freeAddress is an address of loopback where nobody listens, nor did when it was taken.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
