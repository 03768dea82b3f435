package pipeline

import (
	"fmt"
	"time"
)

// ChangeKind is one step in an incident's life.
type ChangeKind string

// The kinds of change. Reminded tells again of what is open: after a while, or because it comes and goes no more and stays.
// Resolved means proven well again; Closed means ended without that proof.
const (
	Opened    ChangeKind = "opened"
	Escalated ChangeKind = "escalated"
	Eased     ChangeKind = "eased"
	Updated   ChangeKind = "updated"
	Reminded  ChangeKind = "reminded"
	Resolved  ChangeKind = "resolved"
	Closed    ChangeKind = "closed"
)

// Ends tells whether the incident is over after the change.
func (k ChangeKind) Ends() bool { return k == Resolved || k == Closed }

// Pings tells whether the change asks for somebody's attention now.
func (k ChangeKind) Pings() bool { return k == Opened || k == Escalated || k == Reminded }

// Incident is the life of one rule's violation on one subject, as it stood after its newest change.
type Incident struct {
	ID      string    `json:"id"` // stable: made from rule, subject and opening time
	Rule    string    `json:"rule"`
	Subject Subject   `json:"subject"`
	Level   Level     `json:"level"`            // worst that holds; kept through the end, so that an end tells what ended
	Opened  time.Time `json:"opened"`           // agent's clock
	Ended   time.Time `json:"ended,omitzero"`   // zero while it is open
	Since   time.Time `json:"since,omitzero"`   // from when the silence counts: the last proof before it opened
	Value   float64   `json:"value"`            // in Unit
	Limit   float64   `json:"limit"`            // in Unit
	Unit    Unit      `json:"unit,omitempty"`   //
	Reason  string    `json:"reason"`           // short stable phrase
	Detail  string    `json:"detail,omitempty"` //
	Risk    Risk      `json:"risk,omitzero"`    // data at risk, as of its newest change
	Diagnosis
	Causes []Cause `json:"causes,omitempty"` // that were named before Cause, the first ones first

	Metadata map[string]string `json:"metadata,omitempty"` // of its stream: the keys that routes ask for
	Shifted  bool              `json:"shifted,omitempty"`  // its level was another one before
	Flaps    int               `json:"flaps,omitempty"`    // not 0: it comes and goes, so often lately, and is held open for it

	Changes int `json:"changes"` // how many changes it had; the newest one's number

	Evidence time.Time `json:"evidence,omitzero"` // of its last violating verdict (Verdict.Evidence)
	Changed  time.Time `json:"changed,omitzero"`  // its newest change
	Told     time.Time `json:"told,omitzero"`     // its newest change that pings
}

// Change is one step of an incident, complete in itself.
type Change struct {
	Kind     ChangeKind    `json:"change"`
	At       time.Time     `json:"at"`   // agent's clock
	From     Level         `json:"from"` // level before
	Incident Incident      `json:"incident"`
	Found    bool          `json:"found,omitempty"` // another cause was named than before
	Silent   time.Duration `json:"silent"`          // how long contact was not proven, at At or by its end (then in total, where it was held open); 0 where the subject is no link
	Test     bool          `json:"test,omitempty"`  // made up, to see whether a receiver works
}

// Key is the change's stable name: the incident's id and the change's number within it, "mw-4k2j…/3".
func (c *Change) Key() string { return fmt.Sprintf("%s/%d", c.Incident.ID, c.Incident.Changes) }
