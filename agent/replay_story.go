package agent

import (
	"cmp"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// story is what a change says of its incident, in words that are true after it.
func story(c *pipeline.Change) string {
	i := &c.Incident
	reason, silent := i.Reason, c.Silent.Round(10*time.Millisecond)
	if i.Detail != "" {
		reason += " (" + i.Detail + ")"
	}
	contact := i.Rule == pipeline.RuleSeen || i.Rule == pipeline.RuleSeenDefault
	switch {
	case c.Kind == pipeline.Resolved:
		return well(c, contact) + " (was: " + reason + ")" + failover(i)
	case c.Kind == pipeline.Closed && contact && silent > 0:
		return fmt.Sprintf("%s; no contact was proven for %s", reason, silent)
	case c.Kind == pipeline.Closed:
		return reason
	}
	text := reason
	if contact && silent > 0 {
		text += fmt.Sprintf(", no contact for %s", silent)
	}
	if contact && i.Limit > 0 {
		text += fmt.Sprintf(", limit %s", time.Duration(i.Limit*float64(time.Second)))
	}
	if i.Cause != "" {
		text += fmt.Sprintf("; cause: %s", i.Cause)
		if i.Sure != "" {
			text += fmt.Sprintf(" (%s)", i.Sure)
		}
	}
	return text + failover(i)
}

// well says what is proven by an end, and how long it was not.
func well(c *pipeline.Change, contact bool) string {
	text := "well again"
	lasted := c.At.Sub(cmp.Or(c.Incident.Opened, c.At))
	switch {
	case contact:
		text, lasted = "contact again", c.Silent
	case c.Incident.Rule == pipeline.RuleNotCopying:
		text = "copying again"
	case c.Incident.Rule == pipeline.RuleDiverged:
		text = "agrees with its origin again"
	}
	if lasted = lasted.Round(10 * time.Millisecond); lasted > 0 {
		text += fmt.Sprintf(" after %s", lasted)
	}
	return text
}

// failover is the verdict on a failover, where the rule bears on one.
func failover(i *pipeline.Incident) string {
	switch i.Rule {
	case pipeline.RuleSeen, pipeline.RuleSeenDefault, pipeline.RuleLag, pipeline.RuleNotCopying, pipeline.RuleDiverged, pipeline.RuleLeaderless:
		if i.Risk.Failover != "" {
			return "; failover: " + i.Risk.String()
		}
	}
	return ""
}
