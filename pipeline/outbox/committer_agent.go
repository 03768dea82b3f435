package outbox

import (
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// agentJudge judges the agent itself. It has no clock and does no I/O.
type agentJudge struct {
	rules   []pipeline.Rule
	tracker *pipeline.Tracker
}

func newAgentJudge(rules []pipeline.Rule, open []pipeline.Incident) agentJudge {
	own := slices.DeleteFunc(slices.Clone(open), func(i pipeline.Incident) bool { return i.Subject != pipeline.Subject{} })
	return agentJudge{rules: rules, tracker: pipeline.NewTracker(own)}
}

// judge returns the changes that follow from the view, and when to judge again (zero: not before the next view).
func (j *agentJudge) judge(now time.Time, view pipeline.AgentView) (changes []pipeline.Change, due time.Time) {
	sooner := func(t time.Time) {
		if t.After(now) && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	for _, r := range j.rules {
		r.Judge(now, &pipeline.View{Agent: &view}, func(v pipeline.Verdict) {
			sooner(v.Due)
			if change, ok := j.tracker.Judge(now, v); ok {
				changes = append(changes, change)
			}
		})
	}
	reminders, remind := j.tracker.Remind(now)
	sooner(remind)
	return append(changes, reminders...), due
}

func (c *Committer) judge(now time.Time) {
	changes, due := c.agent.judge(now, c.agentView())
	c.judgeAt = due
	if len(changes) > 0 {
		c.Submit(nil, nil, changes)
	}
}

func (c *Committer) agentView() pipeline.AgentView {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view
}

func (c *Committer) fail(now time.Time, err error) {
	c.mu.Lock()
	first := c.view.CommitError == ""
	c.view.CommitError = err.Error()
	if first {
		c.view.FailedSince = now
	}
	c.mu.Unlock()
	if first {
		c.log.Error("journal cannot be written: changes go out from memory", "error", err)
	}
	c.judge(now)
}

func (c *Committer) succeed(now time.Time) {
	c.mu.Lock()
	failed, since := c.view.CommitError != "", c.view.FailedSince
	c.view.CommitError, c.view.FailedSince, c.view.Committed = "", time.Time{}, now
	c.mu.Unlock()
	if failed {
		c.log.Info("journal is written again", "since", since)
	}
	c.judge(now)
}
