//go:build !linux

package main

import (
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
