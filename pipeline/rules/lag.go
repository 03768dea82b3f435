package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Lag is critical when a link misses as many messages as its lag-critical limit, or more. What is missing is the lag
// that the server reports, or what a view of the origin shows, the larger. The reported number stands still in a blackout and
// starts at 0 on a new leader, so an incident resolves only once data was seen to be copied after its last violation, or the
// origin to have nothing more.
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
		lacks := missing(l)
		verdict := pipeline.Verdict{
			Rule: pipeline.RuleLag, Subject: l.Subject, Level: pipeline.Unknown, Since: l.Since(),
			Value: float64(lacks), Limit: float64(limit.Value), Unit: pipeline.UnitMessages,
		}
		whole := v.Stream.Whole
		switch {
		case whole == nil || v.Stream.Fault.Kind != pipeline.FaultNone || !l.Sample.Reported:
		case lacks >= limit.Value:
			verdict.Level, verdict.Reason, verdict.Evidence = pipeline.Critical, pipeline.ReasonLag, whole.At
		case !l.Proof.IsZero():
			verdict.Level, verdict.Evidence = pipeline.OK, copied(l)
		}
		emit(verdict)
	}
}
