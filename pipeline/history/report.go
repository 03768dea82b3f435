package history

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"mirrorwatch/pipeline"
)

// Query is what a report is made of.
type Query struct {
	From, To time.Time
	Now      time.Time // what is open lasts until then
	Stopped  bool      // no agent runs now: nothing is proven after what it wrote last

	Streams  []pipeline.StreamRecord // watched now
	Open     []pipeline.Incident     // open now
	Records  Source
	Defaults func(connection string) pipeline.Policy // what streams without limits of their own have, as configured now; nil: nothing
}

// Report tells for each link how it kept its limit. docs/report.md explains every field.
type Report struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`       // no later than now
	Since     time.Time `json:"since"`    // what was measured: from From, or from when records are kept
	Complete  bool      `json:"complete"` // false: records between From and Since were removed by retention
	AgentDown Seconds   `json:"agent_down_seconds"`
	Links     []Link    `json:"links"` // by connection, account, domain, stream and origin
}

// Link is one link in the time of the report.
type Link struct {
	Subject pipeline.Subject `json:"link"`

	Limit   Seconds `json:"limit_seconds"`    // the newest one; 0: none
	Limits  []Limit `json:"limits,omitempty"` // where it changed: each in its time
	Watched Seconds `json:"watched_seconds"`
	Limited Seconds `json:"limited_seconds"` // of it with a limit

	Violations       int     `json:"violations"`
	OverLimit        Seconds `json:"over_limit_seconds"`
	LongestOverLimit Seconds `json:"longest_over_limit_seconds"`
	Dark             Seconds `json:"dark_seconds"`
	LongestDark      Seconds `json:"longest_dark_seconds"`
	NotCopying       Seconds `json:"not_copying_seconds"`
	Unobserved       Seconds `json:"unobserved_seconds"`
	AgentDown        Seconds `json:"agent_down_seconds"`

	AtRisk        *uint64 `json:"at_risk_messages"` // nil: nothing told
	AtRiskAtLeast bool    `json:"at_risk_at_least,omitempty"`

	TimeToTell *Seconds `json:"time_to_tell_seconds"` // the longest; nil: nobody was told of anything
	Untold     int      `json:"untold"`               // violations that no receiver took
	Silenced   int      `json:"silenced"`             // violations that were withheld from a receiver, told later or not
	Open       bool     `json:"open,omitempty"`       // one lasts at the end

	Compliance *float64 `json:"compliance_percent"` // nil: it had no limit
}

// Limit is a limit and when it was in force.
type Limit struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Limit Seconds   `json:"limit_seconds"` // 0: none
}

// Seconds is a time.Duration that JSON tells in seconds, to the millisecond.
type Seconds time.Duration

// String is as that of a time.Duration.
func (s Seconds) String() string { return time.Duration(s).String() }

// MarshalJSON writes a number.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Duration(s).Round(time.Millisecond).Milliseconds()) / 1000)
}

// UnmarshalJSON reads a number.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	var f float64
	if err := json.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("decode seconds: %w", err)
	}
	*s = Seconds(math.Round(f*1000) * float64(time.Millisecond))
	return nil
}

// MakeReport makes the report; its only error is that of the records.
func MakeReport(q Query) (*Report, error) {
	f := newFacts(&q)
	if err := q.Records(f.take); err != nil {
		return nil, err
	}
	f.finish()
	r := &Report{From: q.From, To: f.end, Since: q.From, Complete: true, Links: []Link{}}
	if f.cut && f.begin.After(q.From) {
		r.Since, r.Complete = sooner(f.begin, f.end), false
	}
	period := spans{{r.Since, f.end}}
	r.AgentDown = Seconds(f.down.and(period).total())
	for _, w := range f.watches() {
		if l, ok := f.link(w, period[0]); ok {
			r.Links = append(r.Links, l)
		}
	}
	return r, nil
}
