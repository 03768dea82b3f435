//go:build unix

package pipelinetest

import (
	"os"
	"os/exec"
	"syscall"
)

// detach puts the process in a group of its own: should this one die, the system ends a frozen one too.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func freeze(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

func thaw(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
