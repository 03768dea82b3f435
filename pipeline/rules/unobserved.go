package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Unobserved is critical when a connection sees nothing while the first of its links falls due, or saw nothing until so shortly before
// that looks could not prove it. It covers all of them, and ends only when each has a proof, or an incident of its own. It is
// critical too when single streams are seen but not all can be listed: nobody would hear of a new one.
type Unobserved struct {
	Patience time.Duration // how long to stay blind where no link can fall due: none known, or all have incidents
}

// DefaultPatience is Unobserved.Patience where nothing else is said.
const DefaultPatience = 30 * time.Second

// Judge implements pipeline.Rule.
func (r Unobserved) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	c := v.Connection
	if c == nil {
		return
	}
	verdict := pipeline.Verdict{
		Rule: pipeline.RuleUnobserved, Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: c.Name}},
		Level: pipeline.OK, Silence: true, Evidence: c.Answered, Unit: pipeline.UnitSeconds,
	}
	if !c.Blind {
		emit(r.judgeSeeing(now, c, verdict))
		return
	}
	deadline := c.Deadline
	if deadline.IsZero() {
		deadline = c.BlindSince.Add(r.Patience)
	}
	verdict.Since, verdict.Value = c.BlindSince, max(0, now.Sub(c.BlindSince).Seconds())
	verdict.Reason, verdict.Detail = pipeline.ReasonUnobserved, c.Reason
	if now.Before(deadline) {
		verdict.Level, verdict.Due = pipeline.Unknown, deadline
	} else {
		verdict.Level, verdict.Evidence = pipeline.Critical, c.BlindSince
	}
	emit(verdict)
}

// unlistedRounds is how many rounds in a row may fall short, of a minute at least.
const (
	unlistedRounds  = 3
	unlistedAtLeast = time.Minute
)

// judgeSeeing completes the verdict on a connection that is not blind.
func (r Unobserved) judgeSeeing(now time.Time, c *pipeline.ConnectionView, v pipeline.Verdict) pipeline.Verdict {
	due := c.Listed.Add(max(unlistedAtLeast, unlistedRounds*c.Period))
	switch {
	case c.ListError != "" && !now.Before(due):
		v.Level, v.Reason, v.Detail = pipeline.Critical, pipeline.ReasonUnlisted, c.ListError
		v.Since, v.Value, v.Evidence = c.Listed, now.Sub(c.Listed).Seconds(), now
	case c.Uncovered > 0:
		v.Level, v.Reason, v.Due = pipeline.Unknown, pipeline.ReasonProving, c.Deadline
		if !c.Deadline.IsZero() && !now.Before(c.Deadline) {
			v.Level, v.Detail, v.Due = pipeline.Critical, c.Reason, time.Time{}
			v.Since, v.Value, v.Evidence = c.BlindSince, max(0, now.Sub(c.BlindSince).Seconds()), c.BlindSince
		}
	case c.ListError != "":
		v.Level, v.Due = pipeline.Unknown, due
	}
	return v
}
