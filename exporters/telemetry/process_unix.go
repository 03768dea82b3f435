//go:build unix

package telemetry

import (
	"syscall"
	"time"
)

// processorTime is the CPU time of the process in its own code and in the kernel's.
func processorTime() (user, system time.Duration, known bool) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, 0, false
	}
	return time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano()), true
}
