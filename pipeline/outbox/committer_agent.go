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

func newAgentJudge(rules []pipeline.Rule, state pipeline.State) agentJudge {
	own := func(all []pipeline.Incident) []pipeline.Incident {
		return slices.DeleteFunc(slices.Clone(all), func(i pipeline.Incident) bool { return !i.Subject.OfAgent() })
	}
	return agentJudge{rules: rules, tracker: pipeline.NewTracker(own(state.Incidents), own(state.Ended))}
}

// judge returns the changes that follow from the view, and when to judge again (zero: not before the next view).
func (j *agentJudge) judge(now time.Time, view pipeline.AgentView) (changes []pipeline.Change, due time.Time) {
	for _, r := range j.rules {
		r.Judge(now, &pipeline.View{Agent: &view}, func(v pipeline.Verdict) {
			if v.Due.After(now) {
				due = earlier(due, v.Due)
			}
			if change, ok := j.tracker.Judge(now, v); ok {
				changes = append(append(changes, change), j.tracker.EndOthers(now, change)...)
			}
		})
	}
	configured := func(_ string, s pipeline.Subject) bool {
		return s.Receiver == "" || slices.ContainsFunc(view.Receivers, func(r pipeline.ReceiverStats) bool { return r.Receiver == s.Receiver })
	}
	changes = append(changes, j.tracker.CloseRest(now, pipeline.StreamKey{}, pipeline.ReasonNoReceiver, configured)...)
	if held := j.tracker.Due(pipeline.StreamKey{}); held.After(now) {
		due = earlier(due, held)
	}
	return changes, due
}

func (c *Committer) judge(now time.Time) {
	changes, due := c.agent.judge(now, c.agentView())
	c.judgeAt = due
	for i := range changes {
		pipeline.LogChange(c.log, &changes[i])
	}
	if len(changes) > 0 {
		c.Submit(pipeline.Kept{Changes: changes})
	}
}

// toJudge takes over other rules, and tells whether the agent is to be judged anew.
func (c *Committer) toJudge() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules != nil {
		c.agent.rules, c.rules = c.rules, nil
	}
	anew := c.rejudge
	c.rejudge = false
	return anew
}

func (c *Committer) agentView() pipeline.AgentView {
	receivers := c.outbox.Stats()
	c.mu.Lock()
	defer c.mu.Unlock()
	view := c.view
	view.Receivers = receivers
	return view
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
