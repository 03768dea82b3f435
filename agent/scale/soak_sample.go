package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"mirrorwatch/agent/internal/measure"
)

// sample is what an agent holds at one time.
type sample struct {
	past        time.Duration
	memory      measure.Memory
	goal        float64 // bytes: at which heap the next collection ends, which follows from what lived after the last
	goroutines  float64
	descriptors int
	files       int64 // bytes of all files in data_dir
	open        int   // incidents
	opened      int   // incidents that the receiver was told of so far
	ended       int   // and of their end
}

// The series of /metrics that samples are made of.
const (
	goalSeries       = "go_memory_gc_goal_bytes"
	goroutinesSeries = "go_goroutines"
	openSeries       = "mirrorwatch_incidents_open"
)

// sample looks at the agent from outside, and asks it for the rest.
func (a *agent) sample(data string) (x sample, err error) {
	if x.memory, err = measure.MemoryOf(a.PID()); err != nil {
		return x, err
	}
	if x.descriptors, err = measure.DescriptorsOf(a.PID()); err != nil {
		return x, err
	}
	if x.files, err = sizeOf(data); err != nil {
		return x, err
	}
	told, err := a.metrics()
	if err != nil {
		return x, err
	}
	for _, name := range []string{goalSeries, goroutinesSeries, openSeries} {
		if _, ok := told[name]; !ok {
			return x, fmt.Errorf("ask for metrics: no %s", name)
		}
	}
	x.goal, x.goroutines, x.open = told[goalSeries], told[goroutinesSeries], int(told[openSeries])
	return x, nil
}

// sizeOf is the size of all files in a directory. One that goes meanwhile does not count.
func sizeOf(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", dir, err)
	}
	return total, nil
}
