package agent

import (
	"time"

	"mirrorwatch/pipeline"
)

// IncidentState is one open incident as /api/v1/incidents tells it. Fields that are null are not known, or there is
// none.
type IncidentState struct {
	Incident   string         `json:"incident"`
	Rule       string         `json:"rule"`
	Level      pipeline.Level `json:"level"`
	Connection string         `json:"connection"`
	Account    string         `json:"account"`
	Domain     string         `json:"domain"`
	Stream     string         `json:"stream"`
	Kind       pipeline.Kind  `json:"kind"`
	Origin     string         `json:"origin"`
	Via        string         `json:"via"`
	Filter     string         `json:"filter"`

	Opened  time.Time  `json:"opened"`
	Since   *time.Time `json:"since"` // from when the silence counts
	Silent  *float64   `json:"silent_for_seconds"`
	Value   float64    `json:"value"` // in unit, as of the newest change
	Limit   float64    `json:"limit"` // in unit
	Unit    string     `json:"unit"`
	Reason  string     `json:"reason"`
	Detail  string     `json:"detail"`
	Cause   string     `json:"cause"`
	Changes int        `json:"changes"` // how many it had so far
}

// incidentsOf returns every open incident on the board, oldest first.
func incidentsOf(b *pipeline.Board, now time.Time) []IncidentState {
	open := b.Incidents()
	states := make([]IncidentState, len(open))
	for n, i := range open {
		states[n] = IncidentState{
			Incident: i.ID, Rule: i.Rule, Level: i.Level,
			Connection: i.Subject.Connection, Account: i.Subject.Account, Domain: i.Subject.Domain, Stream: i.Subject.Stream,
			Kind: i.Subject.Kind, Origin: i.Subject.Origin, Via: i.Subject.Via, Filter: i.Subject.Filter,
			Opened: i.Opened.UTC(), Value: i.Value, Limit: i.Limit, Unit: string(i.Unit),
			Reason: i.Reason, Detail: i.Detail, Cause: i.Cause, Changes: i.Changes,
		}
		if !i.Since.IsZero() {
			states[n].Since, states[n].Silent = new(i.Since.UTC()), new(seconds(max(0, now.Sub(i.Since))))
		}
	}
	return states
}
