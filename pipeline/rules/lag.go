package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Lag is critical when a link misses as many messages as its lag-critical limit, or more. What is missing is the lag
// that the server reports. That number stands still in a blackout and starts at 0 on a new leader, so an incident resolves
// only once data was seen to be copied after its last violation.
type Lag struct{}

// Judge implements pipeline.Rule.
func (Lag) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	limit := v.Stream.Policy.LagCritical
	if !limit.Set || limit.Value == 0 {
		return
	}
	for i := range v.Stream.Links {
		l := &v.Stream.Links[i]
		verdict := pipeline.Verdict{
			Rule: pipeline.RuleLag, Subject: l.Subject, Level: pipeline.Unknown, Since: l.Since(),
			Value: float64(l.Sample.Lag), Limit: float64(limit.Value), Unit: pipeline.UnitMessages,
		}
		whole := v.Stream.Whole
		switch {
		case whole == nil || v.Stream.Fault.Kind != pipeline.FaultNone || !l.Sample.Reported:
		case l.Sample.Lag >= limit.Value:
			verdict.Level, verdict.Reason, verdict.Evidence = pipeline.Critical, pipeline.ReasonLag, whole.At
		case !l.Proof.IsZero():
			verdict.Level, verdict.Evidence = pipeline.OK, l.Moved
		}
		emit(verdict)
	}
}
