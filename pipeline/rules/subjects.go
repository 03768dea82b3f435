package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Subjects holds the number of a stream's subjects against subjects-warn and subjects-critical. A single critical, and one
// above the warning, is too many; else both are the least that is well, as nats server check has it.
type Subjects struct{}

// Judge implements pipeline.Rule.
func (Subjects) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	t := v.Stream.Policy.Checks.Subjects
	c := counting{
		rule: pipeline.RuleSubjects, thresholds: t, over: t.Warning < t.Critical,
		count: func(s *pipeline.StreamState) uint64 { return s.Subjects },
	}
	c.judge(v.Stream, emit)
}
