//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package journal

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lock takes the lock that the store itself will take again on the same open file, so that no other process writes
// while the pages are examined.
func lock(f *os.File, shared bool, timeout time.Duration) error {
	kind := syscall.LOCK_EX
	if shared {
		kind = syscall.LOCK_SH
	}
	for end := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), kind|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return fmt.Errorf("lock %s: %w", f.Name(), err)
		case time.Now().After(end):
			return errLocked
		}
	}
}
