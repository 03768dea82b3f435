package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// SeenDefault warns when a link that has no limit of its own has had no proof of contact for After; and when a stream
// has not been seen even once for After, so that nobody can tell whether it holds links. The detail says whether the origin moved on.
type SeenDefault struct {
	After time.Duration // 0 switches the rule off
}

// Judge implements pipeline.Rule.
func (r SeenDefault) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil || r.After <= 0 {
		return
	}
	if whole := v.Stream.Whole; whole != nil {
		emit(pipeline.Verdict{Rule: pipeline.RuleSeenDefault, Subject: pipeline.Subject{StreamKey: v.Stream.Key}, Evidence: whole.At})
	} else if len(v.Stream.Links) == 0 {
		emit(r.judgeNeverSeen(now, v.Stream))
	}
	for i := range v.Stream.Links {
		if v.Stream.Policy.SeenCritical.Set { // a limit of its own is in force instead of this one
			emit(pipeline.Verdict{Rule: pipeline.RuleSeenDefault, Subject: v.Stream.Links[i].Subject, Moot: pipeline.ReasonOwnLimit})
			continue
		}
		verdict := judgeSilence(now, v.Stream, &v.Stream.Links[i], r.After)
		verdict.Rule = pipeline.RuleSeenDefault
		if verdict.Level == pipeline.Critical {
			verdict.Level = pipeline.Warning
		}
		emit(verdict)
	}
}

func (r SeenDefault) judgeNeverSeen(now time.Time, s *pipeline.StreamView) pipeline.Verdict {
	deadline := s.First.Add(r.After)
	v := pipeline.Verdict{
		Rule: pipeline.RuleSeenDefault, Subject: pipeline.Subject{StreamKey: s.Key}, Level: pipeline.Unknown, Reason: pipeline.ReasonNeverSeen,
		Detail: s.Fault.String(), Value: now.Sub(s.First).Seconds(), Limit: r.After.Seconds(), Unit: pipeline.UnitSeconds,
	}
	switch {
	case now.Before(deadline):
		v.Due = deadline
	case s.Blind == "":
		v.Level = pipeline.Warning
	}
	return v
}
