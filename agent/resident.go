package agent

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

// When the agent gives memory back that it does not use: soon after the start, of which most was code that does not run again, and then
// now and then, for what an incident, a reload or a question brought in stays otherwise.
const (
	trimFirst = 20 * time.Second
	trimEach  = 30 * time.Second
)

// By how much the heap grows before it is collected, in place of Go's own 100 %. It trades CPU time, of which a round takes little, for
// memory (docs/cost.md has both). Of a large heap, which few fleets need, less is enough.
const (
	gcPercent      = 37
	gcPercentLarge = 20
	largeFleet     = 50_000 // links
)

// collectAt sets by how much the heap grows before it is collected. GOGC wins.
func collectAt(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// trim keeps in memory what is used, until ctx ends: of the heap what is live and what rounds need, of the program what lately ran.
func (a *assembly) trim(ctx context.Context) {
	timer := time.NewTimer(trimFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		collectAt(a.percent())
		if os.Getenv("GOGC") != "off" {
			debug.FreeOSMemory() // collects the heap
		}
		if err := letGo(); err != nil {
			a.log.Debug("the program's pages stay in memory", "error", err)
		}
		timer.Reset(trimEach)
	}
}

// percent is by how much the heap may grow with as many links as are watched.
func (a *assembly) percent() int {
	links := 0
	for _, c := range a.board.Connections() {
		links += c.Links
	}
	if links < largeFleet {
		return gcPercent
	}
	return gcPercentLarge
}
