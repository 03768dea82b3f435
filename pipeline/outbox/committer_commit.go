package outbox

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// takeIn moves what was handed in to what waits, and what follows from it to where it goes.
func (c *Committer) takeIn(now time.Time) {
	c.mu.Lock()
	in := c.inbox
	c.inbox = newCommitGroup()
	c.mu.Unlock()
	for _, change := range in.changes {
		c.board.PutIncident(change.Incident)
	}
	if len(in.changes) > 0 {
		rows, batches, events := c.outbox.rows(in.changes, now)
		in.content.add(pipeline.Commit{Batches: batches, Events: events})
		in.fresh = rows
	}
	attempted := len(in.attempts) > 0
	c.waiting.join(in)
	if c.Failing() {
		c.release(&c.waiting, errJournal)
	}
	if c.toJudge() || attempted {
		c.judge(now)
	}
}

// launch begins the next commit if one is due and none is under way.
func (c *Committer) launch(now time.Time) {
	if c.flight != nil || c.waiting.empty() || c.nextCommit().After(now) {
		return
	}
	flight := c.waiting
	c.waiting = newCommitGroup()
	if rest := flight.content.leave(mostRecords); len(rest) > 0 {
		c.waiting.content.streams, c.waiting.due = rest, now
	}
	c.flight, c.flightDue = &flight, now.Add(commitPatience)
	what := flight.commit()
	go func() {
		began := time.Now()
		err := c.journal.Commit(what)
		c.told(time.Since(began), err)
		c.returned <- err
	}()
}

// nextCommit is when what waits is to be committed.
func (c *Committer) nextCommit() time.Time {
	due := c.waiting.due
	if c.shutdown {
		due = time.Time{}
	}
	if c.retryAt.After(due) {
		due = c.retryAt
	}
	return due
}

// untilNext is how long nothing happens by itself.
func (c *Committer) untilNext(now time.Time) time.Duration {
	next := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	switch {
	case c.flight != nil && !c.Failing():
		sooner(c.flightDue)
	case c.flight == nil && !c.waiting.empty():
		sooner(c.nextCommit())
	}
	if !c.judgeAt.IsZero() {
		sooner(c.judgeAt)
	}
	return next.Sub(now)
}

// timePassed does what falls due without an event.
func (c *Committer) timePassed(now time.Time) {
	if c.flight != nil && !c.Failing() && !now.Before(c.flightDue) {
		c.fail(now, fmt.Errorf("write journal: no end after %s", commitPatience))
		c.release(c.flight, errJournal)
		c.release(&c.waiting, errJournal)
	}
	if !c.judgeAt.IsZero() && !now.Before(c.judgeAt) {
		c.judge(now)
	}
}

// land takes the outcome of a commit in.
func (c *Committer) land(now time.Time, err error) {
	flight := c.flight
	c.flight, c.lastFailed = nil, err != nil
	if err == nil {
		c.retryAt = time.Time{}
		c.release(flight, nil)
		c.succeed(now)
		return
	}
	c.retryAt = now.Add(retryWait)
	c.release(flight, errJournal)
	c.release(&c.waiting, errJournal)
	flight.join(c.waiting)
	c.waiting = *flight
	c.fail(now, err)
}

// release gives a group's rows to the outbox and tells who waits for it.
func (c *Committer) release(g *commitGroup, err error) {
	if len(g.fresh) > 0 {
		c.outbox.add(g.fresh)
	}
	for _, saved := range g.savers {
		saved <- err
	}
	g.fresh, g.savers = nil, nil
}
