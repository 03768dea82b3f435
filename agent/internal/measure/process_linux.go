package measure

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// CPUOf is the user and system time that a process has used, in no steps: the kernel keeps a clock of it for each process.
func CPUOf(pid int) (time.Duration, error) {
	var used syscall.Timespec
	clock := ^pid<<3 | 2 // of all its threads, as the scheduler counts
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&used)), 0); errno != 0 {
		return 0, fmt.Errorf("read CPU time: %w", errno)
	}
	return time.Duration(used.Nano()), nil
}

// MemoryOf reads what a process has in memory.
func MemoryOf(pid int) (m Memory, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, fmt.Errorf("read memory: %w", err)
	}
	wanted := map[string]*int64{"VmRSS": &m.Resident, "RssAnon": &m.Anon, "RssFile": &m.File, "VmHWM": &m.Most}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		to := wanted[name]
		if to == nil {
			continue
		}
		kibi, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return m, fmt.Errorf("read memory: %w", err)
		}
		*to = kibi << 10
		delete(wanted, name)
	}
	if len(wanted) > 0 {
		return m, fmt.Errorf("read memory: /proc/%d/status tells too little", pid)
	}
	return m, nil
}

// DescriptorsOf is how many files and connections a process has open.
func DescriptorsOf(pid int) (int, error) {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return 0, fmt.Errorf("read file descriptors: %w", err)
	}
	return len(open), nil
}

// Pause stops a process for a time, or until ctx ends; to others it is silent.
func Pause(ctx context.Context, pid int, d time.Duration) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stop a process: %w", err)
	}
	over := Sleep(ctx, d)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		return fmt.Errorf("let a process go on: %w", err)
	}
	return over
}
