package pipeline

import (
	"fmt"
	"time"
)

// Level is how bad a verdict is.
type Level int

// The levels, as nats.replication.status numbers them.
const (
	OK Level = iota
	Warning
	Critical
	Unknown
)

var levelNames = [...]string{"ok", "warning", "critical", "unknown"}

// String returns ok, warning, critical or unknown.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("level(%d)", int(l))
	}
	return levelNames[l]
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a level's name.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if name == string(text) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("level %q: want ok, warning, critical or unknown", text)
}

// Worse tells whether l is worse than other: critical before unknown before warning before ok.
func (l Level) Worse(other Level) bool { return l.rank() > other.rank() }

func (l Level) rank() int { return [...]int{OK: 0, Warning: 1, Unknown: 2, Critical: 3}[l] }

// Unit says what a verdict's value and limit count.
type Unit string

// The units of values and limits.
const (
	UnitNone     Unit = ""
	UnitSeconds  Unit = "s"
	UnitMessages Unit = "{message}"
)

// Verdict is one rule's judgement of one subject at one time.
type Verdict struct {
	Rule    string
	Subject Subject
	Level   Level // Unknown neither opens nor ends an incident
	Value   float64
	Limit   float64
	Unit    Unit
	Reason  string // a short stable phrase for people ("silent", "no answer"); a change of it updates the incident
	Detail  string // the words behind the reason: a server's error, a metadata value; may change without notice

	// Moot says why the rule no longer applies to the subject; an open incident closes with it as its reason. The fields
	// above, but for Rule and Subject, then say nothing.
	Moot string

	// Silence marks the verdict on a link's missing contact, the one that the guarantee is about; or on a connection whose
	// incident covers its links.
	Silence bool
	// Since is when contact was last proven (LinkView.Since); zero where the subject is no link.
	Since time.Time
	// Evidence is the time, in the agent's clock, of what the verdict rests on: the proof, or the sample. An
	// incident resolves only on evidence later than that of its last violating verdict.
	Evidence time.Time
	// Due is when the verdict changes without any new answer; zero: never.
	Due time.Time
}

// overdue is when a silence has lasted for as long as its limit.
func (v *Verdict) overdue() time.Time {
	return v.Since.Add(time.Duration(v.Limit * float64(time.Second)))
}

// Rule judges views. Judge is pure: no I/O, no clock, no state; the view is valid during the call only. It emits a verdict for each
// subject of the view that it has an opinion on; an open incident of this rule on a stream that is seen whole, and for which no verdict
// comes, is closed.
//
// Where nothing is open on a stream, all its links are in contact, copy, and report no lag, and the policy has no Checks, a rule that found
// it well is not asked again about samples that differ from that in times, counts and positions only: they are to be well to it, too. What
// it holds counts against belongs in Checks, and when it changes its mind without an answer, in Due.
type Rule interface {
	Judge(now time.Time, v *View, emit func(Verdict))
}
