package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// How long the end may take, from the signal on. The drain may take a second more for what does not heed its end; the
// parts add up to less than the whole.
const (
	endTime    = 10 * time.Second
	drainTime  = 6 * time.Second // of the outbox, and the HTTP interface beside it
	reportTime = time.Second     // of the last OTLP report
)

// errStillRunning is the end of an agent of which some part did not stop in time.
var errStillRunning = errors.New("not everything stopped in time")

// run starts what was assembled and ends it in the opposite order once ctx ended, within endTime.
func (a *assembly) run(ctx context.Context, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- a.live(ctx, listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	deadline := time.NewTimer(endTime)
	defer deadline.Stop()
	select {
	case err := <-ended:
		return err
	case <-deadline.C:
		return fmt.Errorf("end: %w (%s); undelivered: %s", errStillRunning, endTime, a.undelivered())
	}
}

// live runs until everything has stopped.
func (a *assembly) live(ctx context.Context, listener net.Listener) error {
	sinks, stopSinks := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSinks()
	var side, reports sync.WaitGroup
	handler := (&HTTP{
		Board: a.board, Ready: func() error { return nil }, Receivers: a.outbox.Stats, Now: time.Now,
	}).Handler()
	side.Go(func() {
		if err := ServeHTTP(ctx, listener, handler, a.log); err != nil {
			a.log.Error("http interface ended", "error", err)
		}
	})
	if a.otlp != nil {
		reports.Go(func() { _ = a.otlp.Run(sinks, a.board) })
	}
	committing, stopCommitting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCommitting()
	committed := make(chan error, 1)
	go func() { committed <- a.committer.Run(committing) }()
	if a.config.Heartbeat.Enabled() {
		heartbeat := NewHeartbeat(a.config.Heartbeat, a.turning, nil, a.log)
		side.Go(func() { heartbeat.Run(ctx) })
	}

	var rings sync.WaitGroup
	for _, r := range a.rings {
		rings.Go(func() { r.Run(ctx) })
	}
	rings.Wait()
	stopCommitting()
	err := <-committed
	if left := a.undelivered(); left != "nothing" {
		a.log.Warn("undelivered, kept for the next start", "batches", left)
	}
	stopSinks()
	reports.Wait()
	a.reportLast()
	side.Wait()
	a.close()
	if err != nil {
		return fmt.Errorf("end: %w", err)
	}
	return nil
}

// reportLast sends the newest state once more, so that what changed since the last interval arrives.
func (a *assembly) reportLast() {
	if a.otlp == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), reportTime)
	defer cancel()
	if err := a.otlp.Report(ctx, a.board); err != nil {
		a.log.Warn("the last metrics did not arrive", "error", err)
	}
}

// undelivered says how many batches wait for which receiver.
func (a *assembly) undelivered() string {
	var waiting []string
	for _, r := range a.outbox.Stats() {
		if r.Pending > 0 {
			waiting = append(waiting, fmt.Sprintf("%d for %s", r.Pending, r.Receiver))
		}
	}
	if len(waiting) == 0 {
		return "nothing"
	}
	return strings.Join(waiting, ", ")
}

// close ends what newAssembly opened. Sources go first, the journal last.
func (a *assembly) close() {
	if err := closeSources(a.sources); err != nil {
		a.log.Warn("close connections", "error", err)
	}
	if a.otlp != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := a.otlp.Shutdown(ctx); err != nil {
			a.log.Warn("close otlp exporter", "error", err)
		}
	}
	if a.journal != nil {
		if err := a.journal.Close(); err != nil {
			a.log.Warn("close journal", "error", err)
		}
	}
}
