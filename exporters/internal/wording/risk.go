package wording

import (
	"fmt"

	"mirrorwatch/pipeline"
)

// Failover says whether the copy could take its origin's place; empty where the incident is not about that.
func Failover(i *pipeline.Incident) string {
	if !aboutCopies(i.Rule) {
		return ""
	}
	r := &i.Risk
	switch r.Failover {
	case pipeline.FailoverReady:
		return "ready: nothing that the " + otherEnd(i.Subject) + " had is missing here"
	case pipeline.FailoverBehind:
		return fmt.Sprintf("behind by %s: a failover now would lose them", messages(r.Messages))
	case pipeline.FailoverDiverged:
		return "do not: this is no copy of the " + otherEnd(i.Subject) + " any more"
	case pipeline.FailoverUnknown:
		if r.AsOf.IsZero() {
			return "unknown: nobody can tell here what the " + otherEnd(i.Subject) + " has"
		}
		return fmt.Sprintf("unknown since %s: the two could not be compared after that", UTC(r.AsOf))
	}
	return ""
}

// AtRisk says what a failover now would lose; empty where no number can be told.
func AtRisk(i *pipeline.Incident) string {
	r := &i.Risk
	switch {
	case !aboutCopies(i.Rule) || r.Failover == "" || r.Failover == pipeline.FailoverDiverged:
		return ""
	case !r.Verified && r.Messages == 0:
		return ""
	case !r.Verified:
		return fmt.Sprintf("at least %s: the server reports them as lag", messages(r.Messages))
	}
	as := ", as of " + UTC(r.AsOf)
	switch {
	case r.Messages == 0 && r.AtLeast:
		return "nothing was missing" + as + ". What came later is not known"
	case r.Messages == 0:
		return "nothing" + as
	}
	text := messages(r.Messages)
	if r.AtLeast {
		text = "at least " + text
	}
	if r.Span > 0 {
		text += ", " + Duration(r.Span) + " of data"
	}
	return text + as
}

// aboutCopies tells whether a rule's incidents bear on what a failover would lose.
func aboutCopies(rule string) bool {
	switch rule {
	case pipeline.RuleSeen, pipeline.RuleSeenDefault, pipeline.RuleLag, pipeline.RuleNotCopying, pipeline.RuleDiverged, pipeline.RuleLeaderless:
		return true
	}
	return false
}

func messages(n uint64) string {
	if n == 1 {
		return "1 message"
	}
	return Count(float64(n)) + " messages"
}
