package rules

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// Sources is critical when a stream is configured with fewer sources than its min-sources limit, or more than max-sources.
type Sources struct{}

// Judge implements pipeline.Rule.
func (Sources) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	least, most := v.Stream.Policy.Checks.MinSources, v.Stream.Policy.Checks.MaxSources
	if least == 0 && most == 0 {
		return
	}
	emit(judgeSources(v.Stream, least, most))
}

func judgeSources(s *pipeline.StreamView, least, most uint64) pipeline.Verdict {
	v := pipeline.Verdict{Rule: pipeline.RuleSources, Subject: pipeline.Subject{StreamKey: s.Key}, Level: pipeline.Unknown}
	if v.Reason, v.Detail = unseen(s); v.Reason != "" {
		return v
	}
	count := uint64(0)
	for i := range s.Links {
		if s.Links[i].Subject.Kind == pipeline.KindSource {
			count++
		}
	}
	v.Level, v.Value, v.Evidence = pipeline.OK, float64(count), s.Whole.At
	switch {
	case least > 0 && count < least:
		v.Level, v.Reason, v.Limit = pipeline.Critical, pipeline.ReasonFewSources, float64(least)
		v.Detail = fmt.Sprintf("%d configured, at least %d expected", count, least)
	case most > 0 && count > most:
		v.Level, v.Reason, v.Limit = pipeline.Critical, pipeline.ReasonManySources, float64(most)
		v.Detail = fmt.Sprintf("%d configured, at most %d expected", count, most)
	}
	return v
}
