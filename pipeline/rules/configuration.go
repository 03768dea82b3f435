package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Configuration warns while the configuration on disk is not the one in force, because it was refused.
type Configuration struct{}

// Judge implements pipeline.Rule.
func (Configuration) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	a := v.Agent
	if a == nil {
		return
	}
	verdict := pipeline.Verdict{Rule: pipeline.RuleConfig, Level: pipeline.OK, Evidence: a.ConfigSince}
	if a.ConfigError != "" {
		verdict.Level, verdict.Reason, verdict.Detail = pipeline.Warning, pipeline.ReasonBadConfig, a.ConfigError
	}
	emit(verdict)
}
