package measure

import (
	"context"
	"sync"
	"time"
)

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(max(0, d))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// atOnce is for how many numbers AtOnce does something at one time.
const atOnce = 16

// AtOnce does something for each number below n, for 16 numbers at one time. Of several errors it returns one, and does nothing for
// the numbers that are left.
func AtOnce(n int, do func(int) error) error {
	numbers := make(chan int)
	failed := make(chan error, atOnce)
	var doing sync.WaitGroup
	for range atOnce {
		doing.Go(func() {
			for k := range numbers {
				if err := do(k); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for k := 0; k < n && err == nil; k++ {
		select {
		case numbers <- k:
		case err = <-failed:
		}
	}
	close(numbers)
	doing.Wait()
	if err == nil && len(failed) > 0 {
		err = <-failed
	}
	return err
}
