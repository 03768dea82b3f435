package pipelinetest

import (
	"testing"
	"time"
)

// Eventually waits until condition holds, and ends the test when it does not within that time. It asks at once, then
// each 10 ms; what says in words what is waited for.
func Eventually(t testing.TB, within time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}
