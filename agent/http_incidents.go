package agent

import (
	"time"

	"mirrorwatch/pipeline"
)

// IncidentState is one open incident as /api/v1/incidents tells it. Fields that are null are not known, or there is
// none.
type IncidentState struct {
	Incident string         `json:"incident"`
	Rule     string         `json:"rule"`
	Level    pipeline.Level `json:"level"`
	Identity

	Opened  time.Time  `json:"opened"`
	Since   *time.Time `json:"since"` // from when the silence counts
	Silent  *float64   `json:"silent_for_seconds"`
	Value   float64    `json:"value"` // in unit, as of the newest change
	Limit   float64    `json:"limit"` // in unit
	Unit    string     `json:"unit"`
	Reason  string     `json:"reason"`
	Detail  string     `json:"detail"`
	Changes int        `json:"changes"` // how many it had so far

	Cause    pipeline.Cause    `json:"cause"` // empty: none was looked for
	Sure     pipeline.Sureness `json:"sure"`
	Evidence []string          `json:"evidence"` // the weightiest first
	Next     []pipeline.Step   `json:"next"`     // what to do, in order
	Warnings []string          `json:"warnings"` // what not to do
	Risk     RiskState         `json:"risk"`
}

// incidentsOf returns every open incident on the board, oldest first.
func incidentsOf(b *pipeline.Board, now time.Time) []IncidentState {
	open := b.Incidents()
	states := make([]IncidentState, len(open))
	for n, i := range open {
		states[n] = IncidentState{
			Incident: i.ID, Rule: i.Rule, Level: i.Level,
			Identity: identityOf(i.Subject),
			Opened:   i.Opened.UTC(), Value: i.Value, Limit: i.Limit, Unit: string(i.Unit),
			Reason: i.Reason, Detail: i.Detail, Changes: i.Changes,
			Cause: i.Cause, Sure: i.Sure, Evidence: list(i.Because), Next: list(i.Next), Warnings: list(i.Warnings), Risk: riskState(&i.Risk),
		}
		if !i.Since.IsZero() {
			states[n].Since, states[n].Silent = new(i.Since.UTC()), new(seconds(max(0, now.Sub(i.Since))))
		}
	}
	return states
}

// list is never null.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
