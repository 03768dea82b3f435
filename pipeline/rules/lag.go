package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Lag is critical when a link misses as many messages as its lag-critical limit, or more. What is missing is the lag
// that the server reports. That number stands still in a blackout and starts at 0 on a new leader, so it is called
// ok only together with a proof of contact later than the last violation.
type Lag struct{}

// ReasonLag is given by Lag.
const ReasonLag = "too many messages behind"

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
			Rule: NameLag, Subject: l.Subject, Level: pipeline.Unknown, Since: l.Since(),
			Value: float64(l.Sample.Lag), Limit: float64(limit.Value), Unit: pipeline.UnitMessages,
		}
		whole := v.Stream.Whole
		switch {
		case whole == nil || v.Stream.Fault.Kind != pipeline.FaultNone || !l.Sample.Reported:
		case l.Sample.Lag >= limit.Value:
			verdict.Level, verdict.Reason, verdict.Evidence = pipeline.Critical, ReasonLag, whole.At
		case !l.Proof.IsZero():
			verdict.Level, verdict.Evidence = pipeline.OK, l.Proof
		}
		emit(verdict)
	}
}
