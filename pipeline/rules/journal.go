package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Journal is critical while the agent's state cannot be written, and for LostFor after an earlier state was lost.
type Journal struct {
	LostFor time.Duration
}

// DefaultLostFor is Journal.LostFor where nothing else is said.
const DefaultLostFor = 5 * time.Minute

// Judge implements pipeline.Rule.
func (r Journal) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	a := v.Agent
	if a == nil {
		return
	}
	verdict := pipeline.Verdict{Rule: pipeline.RuleJournal, Level: pipeline.OK, Evidence: a.Committed}
	lostUntil := a.LostAt.Add(r.LostFor)
	switch {
	case a.CommitError != "":
		verdict.Level, verdict.Reason, verdict.Detail = pipeline.Critical, pipeline.ReasonCommit, a.CommitError
		verdict.Evidence = a.FailedSince
	case a.Lost != "" && now.Before(lostUntil):
		verdict.Level, verdict.Reason, verdict.Detail = pipeline.Critical, pipeline.ReasonLost, a.Lost
		verdict.Evidence, verdict.Due = a.LostAt, lostUntil
	}
	emit(verdict)
}
