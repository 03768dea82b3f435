package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Delivery is critical while a receiver refuses the agent as a whole, and when what it is to be told waits for After. It is well
// again once something was delivered to it.
type Delivery struct {
	After time.Duration
}

// DefaultUndelivered is Delivery.After where nothing else is said.
const DefaultUndelivered = 5 * time.Minute

// Judge implements pipeline.Rule.
func (r Delivery) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Agent == nil {
		return
	}
	for i := range v.Agent.Receivers {
		emit(r.judge(now, &v.Agent.Receivers[i]))
	}
}

func (r Delivery) judge(now time.Time, s *pipeline.ReceiverStats) pipeline.Verdict {
	v := pipeline.Verdict{
		Rule: pipeline.RuleDelivery, Subject: pipeline.Subject{Receiver: s.Receiver}, Level: pipeline.Unknown,
		Limit: r.After.Seconds(), Unit: pipeline.UnitSeconds, Evidence: now,
	}
	due := s.Oldest.Add(r.After)
	waits := s.Pending > 0 && !s.Oldest.IsZero()
	if waits {
		v.Value = max(0, now.Sub(s.Oldest).Seconds())
	}
	switch {
	case !s.Broken.IsZero():
		v.Level, v.Reason, v.Detail = pipeline.Critical, pipeline.ReasonBroken, s.Error
	case waits && !now.Before(due):
		v.Level, v.Reason, v.Detail = pipeline.Critical, pipeline.ReasonUndelivered, s.Error
	default:
		if waits {
			v.Due = due
		}
		if s.Error == "" && s.Delivered > 0 { // that nothing fails shows nothing while nothing was tried
			v.Level = pipeline.OK
		}
	}
	return v
}
