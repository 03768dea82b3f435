//go:build !linux

package measure

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// CPUOf is the user and system time that a process has used: an error here.
func CPUOf(int) (time.Duration, error) {
	return 0, fmt.Errorf("read CPU time: %w here, only on Linux", errors.ErrUnsupported)
}

// MemoryOf reads what a process has in memory: an error here.
func MemoryOf(int) (Memory, error) {
	return Memory{}, fmt.Errorf("read memory: %w here, only on Linux", errors.ErrUnsupported)
}

// DescriptorsOf is how many files and connections a process has open: an error here.
func DescriptorsOf(int) (int, error) {
	return 0, fmt.Errorf("read file descriptors: %w here, only on Linux", errors.ErrUnsupported)
}

// Pause stops a process for a time: an error here.
func Pause(context.Context, int, time.Duration) error {
	return fmt.Errorf("stop a process: %w here, only on Linux", errors.ErrUnsupported)
}
