package agent

import (
	"context"
	"time"
)

// When the agent lets go of pages of its own program: soon after the start, of which most was code that does not run again, and then
// now and then, for what an incident, a reload or a question brought in stays otherwise.
const (
	trimFirst = 20 * time.Second
	trimEach  = 5 * time.Minute
)

// trim keeps the program's pages in memory to those that lately ran, until ctx ends.
func (a *assembly) trim(ctx context.Context) {
	timer := time.NewTimer(trimFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := letGo(); err != nil {
			a.log.Debug("the program's pages stay in memory", "error", err)
		}
		timer.Reset(trimEach)
	}
}
