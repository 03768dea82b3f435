package rules

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// Messages holds the number of a stream's messages against msgs-warn and msgs-critical. A single one is the least that is well;
// a warning below the critical is the most.
type Messages struct{}

// Judge implements pipeline.Rule.
func (Messages) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	t := v.Stream.Policy.Checks.Messages
	c := counting{
		rule: pipeline.RuleMessages, thresholds: t, over: t.Warning > 0 && t.Warning < t.Critical, unit: pipeline.UnitMessages,
		count: func(s *pipeline.StreamState) uint64 { return s.Messages },
	}
	c.judge(v.Stream, emit)
}

// counting holds one count of a stream against two thresholds.
type counting struct {
	rule       string
	thresholds pipeline.Thresholds
	over       bool // a count at or over a threshold is bad; else one at or under it
	unit       pipeline.Unit
	count      func(s *pipeline.StreamState) uint64
}

func (c *counting) judge(s *pipeline.StreamView, emit func(pipeline.Verdict)) {
	if c.thresholds == (pipeline.Thresholds{}) {
		return
	}
	v := pipeline.Verdict{Rule: c.rule, Subject: pipeline.Subject{StreamKey: s.Key}, Level: pipeline.Unknown, Unit: c.unit}
	v.Reason, v.Detail = unseen(s)
	switch {
	case v.Reason != "":
	case s.Whole.Leader == "": // others may be behind, or tell of nothing
		v.Reason = pipeline.ReasonNoGroup
	default:
		n := c.count(&s.Whole.State)
		v.Level, v.Value, v.Evidence = pipeline.OK, float64(n), s.Whole.At
		if !c.against(&v, n, pipeline.Critical, c.thresholds.Critical) {
			c.against(&v, n, pipeline.Warning, c.thresholds.Warning)
		}
	}
	emit(v)
}

// against completes the verdict where the count is bad at a level; a threshold of 0 is none.
func (c *counting) against(v *pipeline.Verdict, n uint64, level pipeline.Level, threshold uint64) bool {
	reason, words := pipeline.ReasonFewCount, "or fewer"
	if c.over {
		reason, words = pipeline.ReasonManyCount, "or more"
	}
	if threshold == 0 || c.over && n < threshold || !c.over && n > threshold {
		return false
	}
	v.Level, v.Reason, v.Limit = level, reason, float64(threshold)
	v.Detail = fmt.Sprintf("%d %s, %s at %d %s", n, c.rule, level, threshold, words)
	return true
}
