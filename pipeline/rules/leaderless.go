package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Leaderless is critical when looks find a stream without a leader, or offline, for longer than an election takes.
type Leaderless struct{}

// leaderlessFor is longer than an election takes: up to 9 s.
const leaderlessFor = 10 * time.Second

// Judge implements pipeline.Rule.
func (Leaderless) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream != nil {
		emit(judgeLeader(now, v.Stream))
	}
}

func judgeLeader(now time.Time, s *pipeline.StreamView) pipeline.Verdict {
	v := pipeline.Verdict{
		Rule: pipeline.RuleLeaderless, Subject: pipeline.Subject{StreamKey: s.Key}, Level: pipeline.Unknown,
		Limit: leaderlessFor.Seconds(), Unit: pipeline.UnitSeconds,
	}
	if s.Blind != "" {
		v.Reason, v.Detail = pipeline.ReasonBlind, s.Blind
		return v
	}
	headless := s.Whole != nil && s.Whole.Leader == ""
	offline := s.Fault.Kind == pipeline.FaultOffline
	if s.Leaderless.IsZero() {
		if v.Reason, v.Detail = unseen(s); v.Reason == "" && !headless {
			v.Level, v.Evidence = pipeline.OK, s.Whole.At
		}
		return v
	}
	due := s.Leaderless.Add(leaderlessFor)
	v.Value = max(0, now.Sub(s.Leaderless).Seconds())
	v.Reason, v.Detail = pipeline.ReasonNoGroup, "since "+clock(s.Leaderless)
	v.Evidence = s.Leaderless
	if headless {
		v.Evidence = later(v.Evidence, s.Whole.At)
	}
	if offline {
		v.Reason, v.Detail = pipeline.ReasonOffline, s.Fault.Text
	}
	switch says := offline || headless && s.Fault.Kind == pipeline.FaultNone; {
	case says && now.Before(due):
		v.Due = due
	case says, headless && !s.Whole.At.Before(due): // a later look that failed takes nothing back
		v.Level = pipeline.Critical
	}
	return v
}
