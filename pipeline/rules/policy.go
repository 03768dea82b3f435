package rules

import (
	"fmt"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

// Policy warns where a limit that somebody wrote is not in force as written: a metadata value that is not wholly
// understood, or limits that cannot be proven within the budget of looks.
type Policy struct{}

// The reasons that Policy gives.
const (
	ReasonMetadata = "metadata not understood"
	ReasonBudget   = "limits cannot be proven within looks_per_second"
)

// Judge implements pipeline.Rule.
func (Policy) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	switch {
	case v.Stream != nil && v.Stream.Whole != nil:
		emit(judgeMetadata(v.Stream))
	case v.Connection != nil:
		emit(judgeBudget(now, v.Connection))
	}
}

func judgeMetadata(s *pipeline.StreamView) pipeline.Verdict {
	v := pipeline.Verdict{
		Rule: NamePolicy, Subject: pipeline.Subject{StreamKey: s.Key}, Level: pipeline.OK,
		Evidence: s.Whole.At, Value: float64(len(s.Policy.Findings)),
	}
	if len(s.Policy.Findings) == 0 {
		return v
	}
	v.Level, v.Reason = pipeline.Warning, ReasonMetadata
	said := make([]string, 0, len(s.Policy.Findings))
	for _, f := range s.Policy.Findings {
		said = append(said, fmt.Sprintf("%s%s: %q: %s", pipeline.MetadataPrefix, f.Key, f.Value, f.Problem))
	}
	v.Detail = strings.Join(said, "; ")
	return v
}

func judgeBudget(now time.Time, c *pipeline.ConnectionView) pipeline.Verdict {
	v := pipeline.Verdict{
		Rule: NamePolicy, Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: c.Name}}, Level: pipeline.OK,
		Evidence: now, Value: c.Demand, Limit: c.Budget,
	}
	if c.Demand > c.Budget {
		v.Level, v.Reason = pipeline.Warning, ReasonBudget
		v.Detail = fmt.Sprintf("the limits of %d links ask for %.0f looks a second, %.0f may be asked", c.Links, c.Demand, c.Budget)
	}
	return v
}
