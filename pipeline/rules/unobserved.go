package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Unobserved is critical when a connection sees nothing while the first of its links falls due. It covers all of
// them, and ends only when each has a proof, or an incident of its own.
type Unobserved struct {
	Patience time.Duration // how long to stay blind where no link can fall due: none known, or all have incidents
}

// DefaultPatience is Unobserved.Patience where nothing else is said.
const DefaultPatience = 30 * time.Second

// ReasonUnobserved is given by Unobserved.
const ReasonUnobserved = "nothing can be seen over this connection"

// Judge implements pipeline.Rule.
func (r Unobserved) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	c := v.Connection
	if c == nil {
		return
	}
	verdict := pipeline.Verdict{
		Rule: NameUnobserved, Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: c.Name}},
		Level: pipeline.OK, Silence: true, Evidence: c.Answered, Unit: pipeline.UnitSeconds,
	}
	if !c.Blind {
		if c.Uncovered > 0 {
			verdict.Level, verdict.Reason = pipeline.Unknown, "links are being proven again"
		}
		emit(verdict)
		return
	}
	deadline := c.Deadline
	if deadline.IsZero() {
		deadline = c.BlindSince.Add(r.Patience)
	}
	verdict.Since, verdict.Value = c.BlindSince, max(0, now.Sub(c.BlindSince).Seconds())
	verdict.Reason, verdict.Detail = ReasonUnobserved, c.Reason
	if now.Before(deadline) {
		verdict.Level, verdict.Due = pipeline.Unknown, deadline
	} else {
		verdict.Level, verdict.Evidence = pipeline.Critical, c.BlindSince
	}
	emit(verdict)
}
