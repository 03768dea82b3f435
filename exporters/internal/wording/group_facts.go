package wording

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// Cause is the cause that all open incidents have; empty where they have not one, or there is but one.
func (g *Group) Cause() string { return CommonCause(g.open()) }

// Facts returns what is known of the group as a whole, the most important first. Of a group of one incident they are its own.
func (g *Group) Facts() []Fact {
	if s := g.Only(); s != nil {
		return Facts(s)
	}
	var f facts
	switch {
	case len(g.Members) == 0:
	case g.Over():
		g.overFacts(&f)
	default:
		g.openFacts(&f)
	}
	return f
}

func (g *Group) openFacts(f *facts) {
	open := g.open()
	if !g.Started() {
		f.add("New", g.Brings())
	}
	if g.Open == 1 {
		*f = append(*f, Facts(&open[0])...)
		return
	}
	if cause := g.Cause(); cause != "" {
		f.add("Cause of all that are open", cause)
	} else {
		f.add("Causes", causes(open))
	}
	if speaks := witness(open); speaks != nil {
		f.list("Evidence, of "+Plain(speaks.Subject.Stream, maxName), Evidence(speaks))
	}
	f.add("Failover", failovers(open))
	f.add("At risk", atRisk(open))
	if familyOf(open) != "" {
		f.add("Means, for each", meaning(&open[0].Change.Incident))
	}
	if label, since := silentSince(open); !since.IsZero() {
		short, long := span(open)
		text := Duration(long)
		if Duration(short) != text {
			text = Duration(short) + " to " + text
		}
		f.add(label, withLimit(text+" when this was written", sameLimit(open)))
		f.at("Since, the longest", since)
	}
}

func (g *Group) overFacts(f *facts) {
	ended := g.ended()
	if !g.Started() {
		f.add("New", g.Brings())
	}
	told := ""
	if !g.whole() {
		told = fmt.Sprintf(" (of %d; of the others it is not known any more)", len(ended))
	}
	add := func(label, text string) {
		if text != "" {
			f.add(label, text+told)
		}
	}
	add("Failover", failovers(ended))
	add("At risk", atRisk(ended))
	from, until := ended[0].Change.Incident.Opened, time.Time{}
	for k := range ended {
		c := &ended[k].Change
		begin := c.Incident.Since
		if begin.IsZero() {
			begin = c.Incident.Opened
		}
		if begin.Before(from) {
			from = begin
		}
		if c.At.After(until) {
			until = c.At
		}
	}
	f.at("From", from)
	f.at("Until", until)
	f.add("Limit", sameLimit(ended))
	add("Cause was", causes(ended))
}

// witness is the worst open incident that tells what speaks for its cause; one of a few may speak for all.
func witness(open []Story) *pipeline.Incident {
	for k := range open {
		if i := &open[k].Change.Incident; len(i.Because) > 0 && i.Subject.Stream != "" {
			return i
		}
	}
	return nil
}

// causes counts by cause; empty where nobody named one. Ended ones may have lost theirs.
func causes(stories []Story) string {
	named := false
	text := tally(stories, func(s *Story) string {
		switch cause := s.Change.Incident.Cause; {
		case cause == "" && s.Ended():
			return ""
		case known(cause):
			named = true
			return Plain(string(cause), maxName)
		}
		return "not known"
	})
	if !named {
		return ""
	}
	return text
}

// failovers counts by the verdict on a failover; empty where the incidents are not about that.
func failovers(stories []Story) string {
	return tally(stories, func(s *Story) string {
		i := &s.Change.Incident
		if !aboutCopies(i.Rule) || i.Risk.Failover == "" {
			return ""
		}
		switch i.Risk.Failover {
		case pipeline.FailoverBehind:
			return "behind"
		case pipeline.FailoverDiverged:
			return "diverged (do not)"
		case pipeline.FailoverReady:
			return "ready"
		}
		return "unknown"
	})
}

// atRisk adds up what a failover of all would lose; empty where nobody can tell of any.
func atRisk(stories []Story) string {
	var total uint64
	told, atLeast := 0, false
	for k := range stories {
		i := &stories[k].Change.Incident
		if AtRisk(i) == "" {
			continue
		}
		told++
		total += i.Risk.Messages
		atLeast = atLeast || i.Risk.AtLeast || !i.Risk.Verified
	}
	if told == 0 {
		return ""
	}
	text := messages(total) + " in all"
	switch {
	case total == 0 && atLeast:
		text = "nothing was missing when it was last compared. What came later is not known"
	case total == 0:
		text = "nothing"
	case atLeast:
		text = "at least " + text
	}
	if told < len(stories) {
		text += fmt.Sprintf(" (of %d; of the others it is not known)", told)
	}
	return text
}

// silentSince is the earliest time from which a silence counts, where all tell of one that lasts without a break.
func silentSince(open []Story) (label string, since time.Time) {
	for k := range open {
		i := &open[k].Change.Incident
		if i.Unit != pipeline.UnitSeconds || i.Since.IsZero() || countKey(i) != "" || i.Rule == pipeline.RuleNotCopying || i.Flaps > 0 {
			return "", time.Time{}
		}
		if since.IsZero() || i.Since.Before(since) {
			label, since = silenceLabel(i), i.Since
		}
	}
	return label, since
}

// sameLimit is the limit that all broke.
func sameLimit(stories []Story) string {
	limit := Limit(&stories[0].Change.Incident)
	for k := range stories {
		if Limit(&stories[k].Change.Incident) != limit {
			return ""
		}
	}
	return limit
}

// Commands returns what to run for the whole group: what lies between the sites. For one incident it is that one's.
func (g *Group) Commands() []string {
	if g.Test {
		return nil
	}
	if s := g.Only(); s != nil {
		return Commands(s)
	}
	return CommandsForMany(g.Members)
}
