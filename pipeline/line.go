package pipeline

import (
	"math"
	"time"
)

// Line is a change as replay and incidents print it, one JSON object a line. Its field names are fixed.
type Line struct {
	Time       time.Time  `json:"time"`
	Change     ChangeKind `json:"change"`
	Incident   string     `json:"incident"`
	Rule       string     `json:"rule"`
	Level      Level      `json:"level"`
	Connection string     `json:"connection"`
	Account    string     `json:"account"`
	Domain     string     `json:"domain"`
	Stream     string     `json:"stream"`
	Kind       Kind       `json:"kind"`
	Origin     string     `json:"origin"`
	Silent     float64    `json:"silent_for_seconds"` // since the link's last proof
	Limit      float64    `json:"limit_seconds"`      // 0 where the rule's limit is no time
	Reason     string     `json:"reason"`
	Cause      Cause      `json:"cause"`
}

// Line returns the change in its printed form.
func (c *Change) Line() Line {
	i := &c.Incident
	l := Line{
		Time: c.At, Change: c.Kind, Incident: i.ID, Rule: i.Rule, Level: i.Level,
		Connection: i.Subject.Connection, Account: i.Subject.Account, Domain: i.Subject.Domain,
		Stream: i.Subject.Stream, Kind: i.Subject.Kind, Origin: i.Subject.Origin,
		Silent: math.Round(c.Silent.Seconds()*1e3) / 1e3, Reason: i.Reason, Cause: i.Cause,
	}
	if i.Unit == UnitSeconds {
		l.Limit = i.Limit
	}
	return l
}
