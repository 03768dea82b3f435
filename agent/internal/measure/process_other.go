//go:build !linux

package measure

import (
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
