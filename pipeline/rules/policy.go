package rules

import (
	"fmt"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Policy warns where a limit that somebody wrote is not in force as written: a metadata value that is not wholly
// understood, or limits that cannot be proven within the budget of looks; and where clocks differ so much that times mislead.
type Policy struct{}

// Judge implements pipeline.Rule.
func (Policy) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	switch {
	case v.Stream != nil && v.Stream.Whole != nil:
		emit(judgeMetadata(v.Stream))
	case v.Connection != nil:
		emit(judgeConnection(now, v.Connection))
	}
}

func judgeMetadata(s *pipeline.StreamView) pipeline.Verdict {
	v := pipeline.Verdict{
		Rule: pipeline.RulePolicy, Subject: pipeline.Subject{StreamKey: s.Key}, Level: pipeline.OK,
		Evidence: s.Whole.At, Value: float64(len(s.Policy.Findings)),
	}
	if len(s.Policy.Findings) == 0 {
		return v
	}
	v.Level, v.Reason = pipeline.Warning, pipeline.ReasonMetadata
	said := make([]string, 0, len(s.Policy.Findings))
	for _, f := range s.Policy.Findings {
		said = append(said, fmt.Sprintf("%s%s: %q: %s", pipeline.MetadataPrefix, f.Key, f.Value, f.Problem))
	}
	v.Detail = strings.Join(said, "; ")
	return v
}

// maxSkew is how far clocks may differ unnoticed. Nothing is shifted by it: clocks are never compared.
const maxSkew = 2 * time.Second

// judgeConnection tells of one thing at a time, the worse one first.
func judgeConnection(now time.Time, c *pipeline.ConnectionView) pipeline.Verdict {
	v := pipeline.Verdict{
		Rule: pipeline.RulePolicy, Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: c.Name}}, Level: pipeline.OK,
		Evidence: now,
	}
	switch {
	case c.Demand > c.Budget:
		v.Level, v.Reason = pipeline.Warning, pipeline.ReasonBudget
		v.Value, v.Limit = c.Demand, c.Budget
		v.Detail = fmt.Sprintf("the limits of %d links ask for %.0f looks a second, %.0f can be made in time", c.Links, c.Demand, c.Budget)
	case c.Skew.Abs() > maxSkew:
		v.Level, v.Reason = pipeline.Warning, pipeline.ReasonSkew
		ahead := "ahead of"
		if c.Skew < 0 {
			ahead = "behind"
		}
		v.Detail = fmt.Sprintf("a server's clock is %s %s the agent's", c.Skew.Abs().Round(100*time.Millisecond), ahead)
	case c.Blind:
		v.Level = pipeline.Unknown
	}
	return v
}
