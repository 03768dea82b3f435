//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

type memory struct{ resident, anon, file, most int64 }

func cpuOf(int) (time.Duration, error) {
	return 0, fmt.Errorf("read CPU time: %w here, only on Linux", errors.ErrUnsupported)
}

func memoryOf(int) (memory, error) {
	return memory{}, fmt.Errorf("read memory: %w here, only on Linux", errors.ErrUnsupported)
}

func descriptorsOf(int) (int, error) {
	return 0, fmt.Errorf("read file descriptors: %w here, only on Linux", errors.ErrUnsupported)
}

func pause(context.Context, int, time.Duration) error {
	return fmt.Errorf("stop a process: %w here, only on Linux", errors.ErrUnsupported)
}
