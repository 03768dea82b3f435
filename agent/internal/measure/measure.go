// Package measure is what the measuring commands share. It runs programs in processes of their own and reads from outside what they
// cost: the agent, other tools, and parts of the measuring command itself. What reads /proc works on Linux only.
package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Done is what a program was that ran to its end.
type Done struct {
	Stdout string
	Code   int           // its exit code
	CPU    time.Duration // user and system time
	Most   int64         // bytes that were ever resident; 0 where it ended before that was read
}

// lookEach is how often a program's memory is read. The newest reading counts: it is the most that there ever was.
const lookEach = 5 * time.Millisecond

// Run runs a program to its end. An exit code is no error.
func Run(cmd *exec.Cmd) (d Done, err error) {
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Start(); err != nil {
		return d, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ticker := time.NewTicker(lookEach)
	defer ticker.Stop()
	for {
		select {
		case err = <-ended:
			d.Stdout, d.Code = out.String(), cmd.ProcessState.ExitCode()
			d.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
				return d, nil
			}
			if err != nil {
				err = fmt.Errorf("run %s: %w: %s", filepath.Base(cmd.Path), err, &trouble)
			}
			return d, err
		case <-ticker.C:
			// The system's own account of an ended child begins with its parent's memory, so it is of no use.
			if m, err := MemoryOf(cmd.Process.Pid); err == nil {
				d.Most = m.Most
			}
		}
	}
}

// Build builds a command of this module, named by its import path, as its image has it: without cgo.
func Build(ctx context.Context, log io.Writer, command, to string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, command)
	if !strings.Contains(os.Getenv("GOFLAGS"), "-race") { // which needs cgo
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	build.Stdout, build.Stderr = log, log
	if err := build.Run(); err != nil {
		return fmt.Errorf("build %s: %w", command, err)
	}
	return nil
}
