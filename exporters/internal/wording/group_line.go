package wording

import (
	"fmt"
	"strings"

	"mirrorwatch/pipeline"
)

// Line tells of one member in a list of many, without its level: "mirror X: no contact with its origin Y for 2m 30s, at
// least 1,204 messages at risk".
func (g *Group) Line(s *Story) string {
	c := &s.Change
	switch c.Kind {
	case pipeline.Resolved:
		text := relief(c) + afterFlaps(c)
		if dark := Duration(Dark(c)); !strings.Contains(text, dark) && c.Incident.Flaps == 0 {
			text += " after " + dark
		}
		return text
	case pipeline.Closed:
		return Headline(s)
	}
	text := symptom(c)
	if i := &c.Incident; i.Subject.IsLink() && i.Flaps == 0 && (i.Rule == pipeline.RuleSeen || i.Rule == pipeline.RuleSeenDefault) {
		text = fmt.Sprintf("%s: no contact with %s for %s", who(i.Subject, maxName), far(i.Subject, maxName), Duration(Dark(c)))
		if unseen(i.Reason) {
			text = strings.Replace(text, "no contact", "no proven contact", 1)
		}
		if AtRisk(i) != "" && i.Risk.Messages > 0 {
			least := ""
			if i.Risk.AtLeast || !i.Risk.Verified {
				least = "at least "
			}
			text += fmt.Sprintf(", %s%s at risk", least, messages(i.Risk.Messages))
		}
	}
	if g.Cause() == "" {
		text += causeTail(c)
	}
	if c.Kind == pipeline.Escalated {
		text += " (was " + c.From.String() + ")"
	}
	return text
}

// Short names a member in as few words as possible, and says when it ended without a recovery.
func Short(s *Story) string {
	i := &s.Change.Incident
	name := i.Subject.Stream
	if name == "" {
		name = who(i.Subject, maxName)
	}
	text := Plain(name, maxName)
	if s.Change.Kind == pipeline.Closed {
		text += " (" + strings.ToLower(Severity(s)) + ")"
	}
	return text
}
