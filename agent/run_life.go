package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"mirrorwatch/exporters/prometheus"
	"mirrorwatch/pipeline"
)

// How long the end may take, from the signal on. What a reload under way still waits for (an exporter's last report) and the drain, which
// may take a second more for what does not heed its end, leave time for the rest; all that asks collectors is cut off closeTime
// before the whole is over.
const (
	endTime    = 10 * time.Second
	drainTime  = 6 * time.Second // of the outbox, and the HTTP interface beside it
	reportTime = time.Second     // of an exporter's last OTLP report, and once more of its end
	closeTime  = 500 * time.Millisecond
)

// errStillRunning is the end of an agent of which some part did not stop in time.
var errStillRunning = errors.New("not everything stopped in time")

// run starts what was assembled and ends it in the opposite order once ctx ended, within endTime.
func (a *assembly) run(ctx context.Context, listener net.Listener, o Options) error {
	ended := make(chan error, 1)
	go func() { ended <- a.live(ctx, listener, o) }()
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
func (a *assembly) live(ctx context.Context, listener net.Listener, o Options) error {
	var side sync.WaitGroup
	side.Go(func() {
		if err := ServeHTTP(ctx, listener, a.http().Handler(), a.log); err != nil {
			a.log.Error("http interface ended", "error", err)
		}
	})
	if o.Trim {
		side.Go(func() { a.trim(ctx) })
	}
	a.metrics.start(ctx, a.board)
	committing, stopCommitting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCommitting()
	committed := make(chan error, 1)
	go func() { committed <- a.committer.Run(committing) }()
	a.heartbeat = a.beat(ctx, a.config)
	for _, c := range a.connections {
		c.start(ctx)
	}
	if o.File != nil {
		newReloader(a, *o.File).run(ctx, o.Hangups)
	}

	// Nobody replaces anything from here on.
	for _, c := range a.connections {
		c.task.wait()
	}
	a.committer.Record(pipeline.Event{At: time.Now(), Kind: pipeline.EventStopped})
	stopCommitting()
	err := <-committed
	a.log.Info("audit ends", "audit_head", headText(a.journal))
	if left := a.undelivered(); left != "nothing" {
		a.log.Warn("undelivered, kept for the next start", "batches", left)
	}
	a.metrics.end()
	a.reportLast()
	a.heartbeat.wait()
	side.Wait()
	a.close()
	if err != nil {
		return fmt.Errorf("end: %w", err)
	}
	return nil
}

// http is the agent's HTTP interface.
func (a *assembly) http() *HTTP {
	return &HTTP{
		Board: a.board, Ready: func() error { return nil }, Receivers: a.outbox.Stats, Now: time.Now,
		Silences: a.committer, History: a.journal,
		Metrics: prometheus.New(a.board, a.own.Collect, func() prometheus.Config { return a.inForce().HTTP.Metrics }, a.log),
		Token:   func() pipeline.Secret { return a.inForce().HTTP.Bearer() },
		Config: func() (problem string, since time.Time) {
			a.mu.RLock()
			defer a.mu.RUnlock()
			return a.problem, a.problemAt
		},
		Defaults: func(string) pipeline.Policy { return a.inForce().Policy() },
		Metadata: func() []string { return a.inForce().metadata() },
	}
}

// reportLast sends the newest state once more, so that what changed since the last interval arrives.
func (a *assembly) reportLast() {
	if a.metrics == nil {
		return
	}
	ctx, cancel := context.WithTimeout(a.ending, reportTime)
	defer cancel()
	if err := a.metrics.exporter.Report(ctx, a.board); err != nil {
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

// outlast returns a context that ends so much later than ctx, or with its cancel.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, cancel
}

// close ends what newAssembly opened, and what reloads replaced. Sources go first, the journal last.
func (a *assembly) close() {
	defer a.over()
	if err := closeSources(sources(a.connections)); err != nil {
		a.log.Warn("close connections", "error", err)
	}
	a.closing.Wait()
	if err := a.metrics.close(a.ending); err != nil {
		a.log.Warn("close otlp exporter", "error", err)
	}
	if a.own != nil {
		if err := a.own.Shutdown(a.ending); err != nil {
			a.log.Warn("close own metrics", "error", err)
		}
	}
	if a.journal != nil {
		if err := a.journal.Close(); err != nil {
			a.log.Warn("close journal", "error", err)
		}
	}
}
