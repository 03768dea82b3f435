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

	Flaps      int               `json:"flaps"`       // not 0: it comes and goes, so often lately, and is held open for it
	Metadata   map[string]string `json:"metadata"`    // of its stream: the keys that routes ask for
	SilencedBy *string           `json:"silenced_by"` // the silence that withholds it now; null: none does
}

// withheld returns what tells which silence covers an incident now.
func (h *HTTP) withheld() func(*pipeline.Incident) (id string, withheld bool) {
	var all pipeline.Silences
	if h.Silences != nil {
		all = h.Silences.Silences()
	}
	now := h.Now()
	return func(i *pipeline.Incident) (string, bool) {
		s, is := all.Withholds(now, i)
		return s.ID, is
	}
}

// incidentsOf returns every open incident on the board, oldest first.
func incidentsOf(b *pipeline.Board, now time.Time, withheld func(*pipeline.Incident) (string, bool)) []IncidentState {
	open := b.Incidents()
	states := make([]IncidentState, len(open))
	for n, i := range open {
		states[n] = IncidentState{
			Incident: i.ID, Rule: i.Rule, Level: i.Level,
			Identity: identityOf(i.Subject),
			Opened:   i.Opened.UTC(), Value: i.Value, Limit: i.Limit, Unit: string(i.Unit),
			Reason: i.Reason, Detail: i.Detail, Changes: i.Changes,
			Cause: i.Cause, Sure: i.Sure, Evidence: list(i.Because), Next: list(i.Next), Warnings: list(i.Warnings), Risk: riskState(&i.Risk),
			Flaps: i.Flaps, Metadata: i.Metadata,
		}
		if states[n].Metadata == nil {
			states[n].Metadata = map[string]string{}
		}
		if id, is := withheld(&open[n]); is {
			states[n].SilencedBy = &id
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
