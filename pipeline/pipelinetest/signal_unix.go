//go:build unix

package pipelinetest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// detach puts the process in a group of its own: should this one die, the system ends a frozen one too.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// freeze returns when the process, which runs, has stopped: that is a moment after the signal, and until then it may answer.
func freeze(p *os.Process) error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		if _, err := syscall.Wait4(p.Pid, nil, syscall.WUNTRACED, nil); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func thaw(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
