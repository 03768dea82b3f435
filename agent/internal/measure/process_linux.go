package measure

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU times in /proc, whatever the kernel counts with.
const tick = 10 * time.Millisecond

// CPUOf is the user and system time that a process has used, in whole ticks of 10 ms.
func CPUOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	// The command's name stands in parentheses and may hold anything; utime and stime are the 12th and 13th after it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("read CPU time: %q", stat)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
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
