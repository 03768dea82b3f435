package wording

import (
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const (
	maxFull   = 255 // characters of a name, as long as NATS lets one be
	maxDetail = 500 // characters of a server's words
)

// Fact is one thing about an incident: a label, and a text, a list or a time (the others are zero).
type Fact struct {
	Label string
	Text  string
	List  []string
	At    time.Time
}

// String gives the fact in plain text, its time in UTC, each part of a list on a line of its own.
func (f Fact) String() string {
	switch {
	case !f.At.IsZero():
		return f.Label + ": " + UTC(f.At)
	case len(f.List) > 0:
		return f.Label + ":\n- " + strings.Join(f.List, "\n- ")
	}
	return f.Label + ": " + f.Text
}

// Facts returns what is known of the incident, the most important first.
func Facts(s *Story) []Fact {
	var f facts
	if s.Change.Test {
		f.add("Test", "somebody asked mirrorwatch to show that this receiver works. What follows is made up: there is nothing to do")
	}
	if s.Late {
		f.add("Told late", "it opened and ended before this receiver could be told of either")
	}
	switch s.Change.Kind {
	case pipeline.Resolved:
		f.resolved(&s.Change)
	case pipeline.Closed:
		f.closed(&s.Change)
	default:
		f.open(&s.Change)
	}
	f.add("What", Subject(s.Change.Incident.Subject))
	return f
}

// Brief returns the facts that a short message about the incident cannot do without.
func Brief(s *Story) []Fact {
	var brief []Fact
	for _, f := range Facts(s) {
		switch f.Label {
		case "Cause", "Failover", "At risk", "Behind", "Flapping", "Flapped", "Told late", "Test", silenceLabel(&s.Change.Incident):
			brief = append(brief, f)
		}
	}
	return brief
}

// Subject names a subject with all that identifies it within its connection.
func Subject(s pipeline.Subject) string {
	text := who(s, maxFull)
	if s.IsLink() {
		relation := ", mirror of "
		if s.Kind == pipeline.KindSource {
			relation = ", fed by its source "
		}
		text = "stream " + Plain(s.Stream, maxFull) + relation + Plain(s.Origin, maxFull)
	}
	parts := []struct{ name, value string }{{"via", s.Via}, {"filter", s.Filter}, {"domain", s.Domain}, {"account", s.Account}}
	if s.Stream != "" {
		parts = append(parts, struct{ name, value string }{"connection", s.Connection})
	}
	for _, part := range parts {
		if part.value != "" {
			text += ", " + part.name + " " + Plain(part.value, maxFull)
		}
	}
	return text
}

// Limit says what limit the incident broke and where it is set; empty where its rule has none.
func Limit(i *pipeline.Incident) string {
	if i.Limit <= 0 {
		return ""
	}
	if key := countKey(i); key != "" {
		return countLimit(i, key)
	}
	if i.Unit == pipeline.UnitNone || i.Rule == pipeline.RuleLeaderless { // nobody set that one
		return ""
	}
	limit := Quantity(i.Limit, i.Unit)
	switch i.Rule {
	case pipeline.RuleSeen:
		return limit + " (seen-critical)"
	case pipeline.RuleSeenDefault:
		return limit + " (the default; the stream sets no limit)"
	case pipeline.RuleLag:
		return limit + " (lag-critical)"
	}
	return limit
}

type facts []Fact

func (f *facts) add(label, text string) {
	if text != "" {
		*f = append(*f, Fact{Label: label, Text: text})
	}
}

func (f *facts) list(label string, all []string) {
	if len(all) > 0 {
		*f = append(*f, Fact{Label: label, List: all})
	}
}

func (f *facts) at(label string, t time.Time) {
	if !t.IsZero() {
		*f = append(*f, Fact{Label: label, At: t})
	}
}

func (f *facts) open(c *pipeline.Change) {
	i := &c.Incident
	f.add("Cause", Cause(i))
	f.add("Failover", Failover(i))
	f.add("At risk", AtRisk(i))
	evidence := Evidence(i)
	f.list("Evidence", evidence)
	f.add("Means", meaning(i))
	f.flapping(i)
	f.numbers(c)
	if len(evidence) == 0 {
		f.add("Why", why(i))
	}
	f.add("Details", Plain(i.Detail, maxDetail))
	if c.Kind != pipeline.Opened {
		f.at("Open since", i.Opened)
	}
}

// numbers tells the value that broke the limit, and since when.
func (f *facts) numbers(c *pipeline.Change) {
	i := &c.Incident
	switch {
	case countKey(i) != "" || i.Rule == pipeline.RuleNotCopying || i.Rule == pipeline.RuleConfig: // the headline has them
	case i.Unit == pipeline.UnitMessages:
		f.add("Behind", withLimit(Quantity(i.Value, i.Unit), Limit(i)))
	case i.Unit == pipeline.UnitSeconds:
		f.add(silenceLabel(i), withLimit(Duration(Dark(c))+" when this was written", Limit(i)))
		f.at(sinceLabel(i), i.Since)
	}
}

func (f *facts) resolved(c *pipeline.Change) {
	i := &c.Incident
	f.add("Means", meaningResolved(i))
	if i.Flaps > 0 {
		f.add("Flapped", Plain(i.Detail, maxDetail))
	}
	f.add("Failover", Failover(i))
	f.add("At risk", AtRisk(i))
	from := i.Since
	if from.IsZero() {
		from = i.Opened
	}
	until := c.At
	if i.Unit == pipeline.UnitSeconds && countKey(i) == "" && i.Rule != pipeline.RuleLeaderless && i.Flaps == 0 {
		f.add(silenceLabel(i), withLimit(Duration(Dark(c)), Limit(i)))
		until = from.Add(Dark(c))
	} else {
		f.add("Lasted", Duration(c.At.Sub(i.Opened)))
		f.add("Limit", Limit(i))
		from = i.Opened
	}
	f.at("From", from)
	f.at("Until", until)
	f.add("It was", strings.TrimSuffix(i.Level.String()+", "+Plain(i.Reason, maxDetail), ", "))
	if known(i.Cause) {
		f.add("Cause was", causesWere(i))
	}
}

func (f *facts) closed(c *pipeline.Change) {
	i := &c.Incident
	f.add("Means", meaningClosed(i))
	f.add("Why it ended", whyClosed(i.Reason))
	if i.Opened.Before(c.At) {
		f.add("Was open for", Duration(c.At.Sub(i.Opened)))
		if i.Unit == pipeline.UnitSeconds {
			f.at(sinceLabel(i), i.Since)
		}
	}
}

func silenceLabel(i *pipeline.Incident) string {
	switch {
	case i.Rule == pipeline.RuleUnobserved && i.Reason != pipeline.ReasonUnlisted:
		return "Blind for"
	case i.Subject.IsLink():
		return "No proven contact for"
	case i.Rule == pipeline.RuleDelivery:
		return "Waiting for"
	}
	return "Lasting for"
}

func sinceLabel(i *pipeline.Incident) string {
	switch {
	case i.Rule == pipeline.RuleUnobserved && i.Reason != pipeline.ReasonUnlisted:
		return "Blind since"
	case i.Subject.IsLink():
		return "Silent since"
	}
	return "Since"
}

func withLimit(value, limit string) string {
	if limit == "" {
		return value
	}
	return value + "; limit " + limit
}
