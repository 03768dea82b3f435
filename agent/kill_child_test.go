package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptrace"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// deathPoint is where an agent kills itself.
type deathPoint string

// The points of the kill matrix, in the order in which a change passes them. A row is frozen before its first attempt.
const (
	nowhere          deathPoint = ""
	beforeCommit     deathPoint = "before the commit"
	afterCommit      deathPoint = "after the commit"
	beforeFreeze     deathPoint = "before the row is frozen"
	afterFreeze      deathPoint = "after the row is frozen"
	beforeRequest    deathPoint = "before the request is written"
	afterRequest     deathPoint = "after the request is written"
	afterAnswer      deathPoint = "after the answer"
	beforeMark       deathPoint = "before the row is marked done"
	afterMark        deathPoint = "after the row is marked done"
	duringCompaction deathPoint = "in the middle of a compaction"
)

func deathPoints() []deathPoint {
	return []deathPoint{
		beforeCommit, afterCommit, beforeFreeze, afterFreeze, beforeRequest, afterRequest, afterAnswer, beforeMark, afterMark,
	}
}

// doom kills the process when it comes to its point for the nth time.
type doom struct {
	point deathPoint
	left  atomic.Int64
}

func (d *doom) at(point deathPoint) {
	if point == d.point && d.left.Add(-1) == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// trace sees the requests that are made under the context that it returns.
func (d *doom) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { d.at(beforeRequest) },
		GotFirstResponseByte: func() { d.at(afterAnswer) },
	})
}

// doomedJournal sees what is committed.
type doomedJournal struct {
	pipeline.Journal
	doom *doom
}

func (j doomedJournal) Commit(c pipeline.Commit) error {
	frozen := false
	for i := range c.Batches {
		frozen = frozen || c.Batches[i].Attempts > 0 && len(c.Attempts) == 0
	}
	around := func(is bool, point deathPoint) {
		if is {
			j.doom.at(point)
		}
	}
	around(len(c.Changes) > 0, beforeCommit)
	around(frozen, beforeFreeze)
	around(len(c.Done) > 0, beforeMark)
	err := j.Journal.Commit(c)
	if err == nil {
		around(len(c.Changes) > 0, afterCommit)
		around(frozen, afterFreeze)
		around(len(c.Done) > 0, afterMark)
	}
	return err
}

// watch comes to duringCompaction when the journal is being written anew in dir.
func (d *doom) watch(dir string) {
	for d.point == duringCompaction {
		if info, err := os.Stat(filepath.Join(dir, journal.FileName+".rewriting")); err == nil && info.Size() > 0 {
			d.at(duringCompaction)
		}
	}
}

// doomedMain is mirrorwatch run in a process that kills itself: its arguments are the configuration, the point, and which
// time at the point is the last.
func doomedMain() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := runDoomed(ctx, os.Args[1], deathPoint(os.Args[2]), os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runDoomed(ctx context.Context, file string, point deathPoint, nth string) error {
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		return err
	}
	config, _, err := LoadConfig(file, nil)
	if err != nil {
		return err
	}
	d := &doom{point: point}
	d.left.Store(n)
	go d.watch(config.DataDir)
	return Run(d.trace(ctx), Options{
		Config: config, Log: NewLogger(os.Stderr, slog.LevelInfo),
		journal: func(j pipeline.Journal) pipeline.Journal { return doomedJournal{j, d} },
	})
}

// life is an agent in a process that may kill itself.
type life struct {
	log  *logbook
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // how; to be read after done
}

// live starts an agent that dies at the nth time at a point: by itself, or by the receiver that has read its request, since what the
// agent wrote may not have left it. It is killed when the test ends.
func live(t testing.TB, config string, receivers *killLedger, point deathPoint, nth int) *life {
	t.Helper()
	l := &life{log: &logbook{}, cmd: exec.Command("doomed", config, string(point), strconv.Itoa(nth)), done: make(chan struct{})}
	l.cmd.Stderr = l.log
	receivers.lives.Add(1)
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if point != afterRequest {
		nth = 0
	}
	receivers.doom(l, nth)
	go func() {
		defer close(l.done)
		l.err = l.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = l.cmd.Process.Kill()
		<-l.done
	})
	return l
}

// died waits for the end, and ends the test unless it is a death by SIGKILL.
func (l *life) died(t testing.TB) {
	t.Helper()
	select {
	case <-l.done:
	case <-time.After(soon):
		t.Fatalf("the agent goes on living:\n%s", l.log)
	}
	var exit *exec.ExitError
	if errors.As(l.err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return
		}
	}
	t.Fatalf("the agent was not killed: %v\n%s", l.err, l.log)
}

// kill ends the process as a lost machine would.
func (l *life) kill(t testing.TB) {
	t.Helper()
	_ = l.cmd.Process.Kill()
	l.died(t)
}

// end ends the agent as it is meant to end.
func (l *life) end(t testing.TB) {
	t.Helper()
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	<-l.done
	if l.err != nil {
		t.Fatalf("the end by SIGTERM: %v\n%s", l.err, l.log)
	}
}

// api is the address of the HTTP interface, once it is there.
func (l *life) api(t testing.TB) string {
	t.Helper()
	deadline := time.After(soon)
	for {
		if at := listens(l.log.String()); at != "" {
			return at
		}
		select {
		case <-l.done:
			t.Fatalf("the agent ended: %v\n%s", l.err, l.log)
		case <-deadline:
			t.Fatalf("the agent does not run:\n%s", l.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
