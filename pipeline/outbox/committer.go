// Package outbox takes what rings decide to where it must be: into the journal, in groups, and then to every receiver
// until each has it. It imports the standard library and pipeline only.
package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// The committer's times.
const (
	groupWait      = 5 * time.Millisecond // what comes within it is committed together
	rideWait       = 5 * time.Second      // records and proofs alone wait this long for changes to ride along with
	retryWait      = time.Second          // after a failed commit
	commitPatience = 2 * time.Second      // a commit that takes longer counts as failed until it ends
	mostRecords    = 2000                 // of streams in one commit: some 0.1 s, so that no change waits longer for them
	hardStop       = time.Second          // after the grace, for what does not heed its context
)

// CommitterOptions is what a committer is made of.
type CommitterOptions struct {
	Journal pipeline.Journal
	Outbox  *Outbox
	Board   *pipeline.Board
	Rules   []pipeline.Rule // judge the agent itself
	State   pipeline.State  // as loaded from the journal
	Grace   time.Duration   // how long Run goes on after its ctx ended, to deliver what is due; 8 s if zero
	Log     *slog.Logger
	// Committed is told of every commit that returned: how long it took, and how it failed. It returns at once; nil: nobody is told.
	Committed func(took time.Duration, err error)
}

// Committer is the only writer of the journal. It commits what rings and the outbox's workers hand it in groups, gives
// changes to the outbox once they are on disk, and judges the agent itself by how that goes.
//
// A failing disk never delays a page: when a commit fails or takes too long, changes go out from memory under the keys
// that they keep, and the commit is tried again with everything in it until it succeeds.
type Committer struct {
	journal pipeline.Journal
	outbox  *Outbox
	board   *pipeline.Board
	log     *slog.Logger
	grace   time.Duration
	told    func(took time.Duration, err error) // of commits
	agent   agentJudge
	wake    chan struct{}

	mu      sync.Mutex
	inbox   commitGroup // handed in, not yet seen by Run
	view    pipeline.AgentView
	rules   []pipeline.Rule // to judge the agent by from now on; nil: those of before
	rejudge bool            // the view changed other than by a commit

	// What follows belongs to Run.
	waiting    commitGroup  // to be committed next
	flight     *commitGroup // being committed; nil: nothing is
	flightDue  time.Time    // when it counts as failed
	returned   chan error   // how the flight ended
	retryAt    time.Time    // no commit before
	judgeAt    time.Time    // when the agent's verdict changes by itself; zero: never
	shutdown   bool
	lastFailed bool // the newest commit that returned
}

// NewCommitter returns a committer that goes on from options.State.
func NewCommitter(options CommitterOptions) *Committer {
	c := &Committer{
		journal: options.Journal, outbox: options.Outbox, board: options.Board, log: options.Log, grace: options.Grace,
		agent: newAgentJudge(options.Rules, options.State), wake: make(chan struct{}, 1),
		inbox: newCommitGroup(), waiting: newCommitGroup(), returned: make(chan error, 1),
		view: pipeline.AgentView{Lost: options.State.Lost, LostAt: options.State.LostAt},
	}
	if c.grace == 0 {
		c.grace = 8 * time.Second
	}
	if c.told = options.Committed; c.told == nil {
		c.told = func(time.Duration, error) {}
	}
	c.outbox.attach(c.save)
	for _, i := range c.agent.tracker.All() {
		c.board.PutIncident(i)
	}
	return c
}

// Submit hands in what a ring decided. It never blocks for the disk or a receiver, and may be called from any goroutine until Run
// returned.
func (c *Committer) Submit(kept pipeline.Kept) {
	c.hand(func(g *commitGroup, now time.Time) {
		g.add(pipeline.Commit{Streams: kept.Streams, Gone: kept.Gone, Proofs: kept.Proofs, Changes: kept.Changes}, now)
	})
}

// save hands in what a worker decided. The channel tells once whether it is on disk.
func (c *Committer) save(what pipeline.Commit) <-chan error {
	saved := make(chan error, 1)
	c.hand(func(g *commitGroup, now time.Time) {
		g.add(what, now)
		g.due = now // somebody waits, or a delivered batch would be sent again after a kill
		g.savers = append(g.savers, saved)
	})
	return saved
}

func (c *Committer) hand(in func(*commitGroup, time.Time)) {
	c.mu.Lock()
	in(&c.inbox, time.Now())
	c.mu.Unlock()
	c.rouse()
}

// rouse has Run look again at what it may do.
func (c *Committer) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Failing tells whether state cannot be written at the moment. It may be called at any time.
func (c *Committer) Failing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view.CommitError != ""
}

// Run commits and delivers until ctx ended; then it commits what was handed in and makes the attempts that are due, for
// Grace at most. The rings should have ended before. It returns an error if state could not be written in the end;
// what is undelivered then is in the journal otherwise.
func (c *Committer) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	drain, drained := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(drained)
		c.outbox.run(work, drain)
	}()
	stop, finish, deadline := ctx.Done(), (<-chan struct{})(drained), (<-chan time.Time)(nil)
	draining := false

	c.judge(time.Now())
	for {
		now := time.Now()
		c.takeIn(now)
		c.launch(now)
		if c.shutdown && !draining && len(c.waiting.fresh) == 0 && (c.flight == nil || len(c.flight.fresh) == 0) {
			close(drain)
			draining = true
		}
		if finish == nil && c.flight == nil && (c.waiting.empty() || c.lastFailed) && !c.handedIn() {
			return c.unwritten()
		}
		timer := time.NewTimer(c.untilNext(now))
		select {
		case <-c.wake:
		case <-timer.C:
			c.timePassed(time.Now())
		case err := <-c.returned:
			c.land(time.Now(), err)
		case <-stop:
			stop, c.shutdown = nil, true
			deadline = time.After(c.grace)
		case <-deadline:
			if work.Err() != nil {
				timer.Stop()
				return c.unwritten()
			}
			cancel()
			deadline = time.After(hardStop)
		case <-finish: // one more commit, whatever became of the one before
			finish, c.retryAt, c.lastFailed = nil, time.Time{}, false
		}
		timer.Stop()
	}
}

func (c *Committer) handedIn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.inbox.empty()
}

// unwritten tells what is lost if the process ends now.
func (c *Committer) unwritten() error {
	c.takeIn(time.Now())
	changes, batches := len(c.waiting.changes), len(c.waiting.batches)
	if c.flight != nil {
		changes, batches = changes+len(c.flight.changes), batches+len(c.flight.batches)
	}
	if c.flight == nil && c.waiting.empty() {
		return nil
	}
	return fmt.Errorf("stop committer: %d changes and %d batches are not written: %s", changes, batches, c.agentView().CommitError)
}
