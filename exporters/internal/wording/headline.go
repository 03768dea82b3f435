package wording

import (
	"fmt"
	"strings"
	"time"

	"mirrorwatch/pipeline"
)

const (
	maxName   = 40 // characters of a name in a headline, which is read on a phone
	unwatched = "NO LONGER WATCHED"
)

// Headline is the one line that a phone shows: "CRITICAL: mirror X has had no contact with its origin Y for 1m 2s".
func Headline(s *Story) string {
	c := &s.Change
	what := symptom(c) + causeTail(c)
	if c.Incident.Flaps > 0 {
		what += "; held open"
	}
	switch c.Kind {
	case pipeline.Resolved:
		what = relief(c) + afterFlaps(c)
	case pipeline.Closed:
		what = closing(&c.Incident) + " (this is not a recovery)"
	}
	tag := Severity(s)
	if s.Late {
		tag += " (told late)"
	}
	if c.Test {
		tag = testTag + tag
	}
	return tag + ": " + what
}

// Severity is the first word of a headline: how bad it is now, and whether that is new.
func Severity(s *Story) string {
	c := &s.Change
	level := alarm(&c.Incident)
	switch c.Kind {
	case pipeline.Escalated, pipeline.Eased:
		return level + " (was " + c.From.String() + ")"
	case pipeline.Updated:
		if found(c) {
			return level + " (" + causeFound(&c.Incident) + ")"
		}
		return level + " (update)"
	case pipeline.Reminded:
		if c.Incident.Rule == pipeline.RuleDiverged {
			return "STILL: " + level
		}
		return "STILL " + level
	case pipeline.Resolved:
		return "RESOLVED"
	case pipeline.Closed:
		if r := c.Incident.Reason; r == pipeline.ReasonLimitChanged || r == pipeline.ReasonOwnLimit {
			return "LIMIT CHANGED"
		}
		return unwatched
	}
	return level
}

// alarm is how bad an open incident is; where a person has to know more at once, that.
func alarm(i *pipeline.Incident) string {
	switch i.Rule {
	case pipeline.RuleNotCopying:
		if i.Flaps > 0 {
			return "FLAPPING, NOT COPYING"
		}
		return "NOT COPYING"
	case pipeline.RuleDiverged:
		return "DO NOT FAIL OVER"
	}
	level := strings.ToUpper(i.Level.String())
	if i.Flaps > 0 {
		return "FLAPPING, " + level
	}
	return level
}

// symptom says what is wrong, of an open incident.
func symptom(c *pipeline.Change) string {
	i := &c.Incident
	name := who(i.Subject, maxName)
	if i.Flaps > 0 {
		return flaps(i, name)
	}
	switch i.Rule {
	case pipeline.RuleSeen, pipeline.RuleSeenDefault:
		if !i.Subject.IsLink() {
			return fmt.Sprintf("%s has not been seen for %s", name, Duration(Dark(c)))
		}
		format := "%s has had no contact with %s for %s"
		if unseen(i.Reason) {
			format = "%s has not been proven in contact with %s for %s"
		}
		return fmt.Sprintf(format, name, far(i.Subject, maxName), Duration(Dark(c)))
	case pipeline.RuleLag:
		return fmt.Sprintf("%s is %s behind %s", name, Quantity(i.Value, i.Unit), far(i.Subject, maxName))
	case pipeline.RuleNotCopying:
		text := fmt.Sprintf("%s is in contact with %s and copies nothing", name, Plain(i.Subject.Origin, maxName))
		if i.Value > 0 {
			text += ": " + messages(uint64(i.Value)) + " behind"
		}
		return text
	case pipeline.RuleDiverged:
		return fmt.Sprintf("%s is no copy of %s any more (%s)", name, Plain(i.Subject.Origin, maxName), diverged(i))
	case pipeline.RuleLeaderless:
		if i.Reason == pipeline.ReasonOffline {
			return name + " is offline: nothing is stored in it"
		}
		return name + " has no leader: nothing is stored in it"
	case pipeline.RulePolicy:
		return policySymptom(i)
	case pipeline.RuleUnobserved:
		if i.Reason == pipeline.ReasonUnlisted {
			return fmt.Sprintf("%s: streams cannot be listed for %s, so new mirrors are not found", name, Duration(Dark(c)))
		}
		return fmt.Sprintf("%s has been blind for %s: none of its mirrors is being watched", name, Duration(Dark(c)))
	case pipeline.RuleJournal:
		if lost(i.Reason) {
			return "mirrorwatch has lost its earlier state"
		}
		return "mirrorwatch cannot write its state"
	case pipeline.RuleDelivery:
		return deliverySymptom(c, name)
	case pipeline.RuleConfig:
		return "mirrorwatch goes on with its earlier configuration: the changed one is refused"
	}
	if text := countSymptom(i, name); text != "" {
		return text
	}
	return fmt.Sprintf("%s fails the check %s (%s)", name, Plain(i.Rule, maxName), Plain(i.Reason, maxName))
}

// relief says what is well again, of a resolved incident.
func relief(c *pipeline.Change) string {
	i := &c.Incident
	name := who(i.Subject, maxName)
	switch i.Rule {
	case pipeline.RuleSeen, pipeline.RuleSeenDefault:
		if !i.Subject.IsLink() {
			return name + " is seen again"
		}
		if i.Flaps > 0 {
			return fmt.Sprintf("%s is in contact with %s again", name, far(i.Subject, maxName))
		}
		return fmt.Sprintf("%s is in contact with %s again after %s", name, far(i.Subject, maxName), Duration(Dark(c)))
	case pipeline.RuleLag:
		return fmt.Sprintf("%s is less than %s behind %s again", name, Quantity(i.Limit, i.Unit), far(i.Subject, maxName))
	case pipeline.RuleNotCopying:
		return fmt.Sprintf("%s is copying again from %s", name, far(i.Subject, maxName))
	case pipeline.RuleDiverged:
		return fmt.Sprintf("%s agrees with %s again", name, far(i.Subject, maxName))
	case pipeline.RuleLeaderless:
		return name + " has a leader again"
	case pipeline.RulePolicy:
		return policyRelief(i)
	case pipeline.RuleUnobserved:
		if i.Reason == pipeline.ReasonUnlisted {
			return fmt.Sprintf("%s: streams can be listed again", name)
		}
		return fmt.Sprintf("%s is watched again after %s", name, Duration(Dark(c)))
	case pipeline.RuleJournal:
		return "mirrorwatch keeps its state again"
	case pipeline.RuleDelivery:
		return name + " takes what mirrorwatch sends again"
	case pipeline.RuleConfig:
		return "the configuration on disk is in force again"
	}
	if text := countRelief(i, name); text != "" {
		return text
	}
	return fmt.Sprintf("%s passes the check %s again", name, Plain(i.Rule, maxName))
}

// Dark is how long the incident's silence lasted by the change, or its end; without a silence, how long it was open.
func Dark(c *pipeline.Change) time.Duration {
	i := &c.Incident
	switch {
	case c.Kind == pipeline.Reminded && i.Flaps == 0 && !i.Since.IsZero():
		return c.At.Sub(i.Since) // a reminder repeats the newest change, and time went on
	case c.Silent > 0:
		return c.Silent
	case !i.Since.IsZero():
		return c.At.Sub(i.Since)
	case i.Unit == pipeline.UnitSeconds && !c.Kind.Ends() && i.Value > 0:
		return time.Duration(i.Value * float64(time.Second))
	}
	return c.At.Sub(i.Opened)
}

// who names the near end of a subject: the stream, the connection or the agent.
func who(s pipeline.Subject, limit int) string {
	switch {
	case s.Kind == pipeline.KindMirror:
		return "mirror " + Plain(s.Stream, limit)
	case s.Stream != "":
		return "stream " + Plain(s.Stream, limit)
	case s.Connection != "":
		return "connection " + Plain(s.Connection, limit)
	case s.Receiver != "":
		return "receiver " + Plain(s.Receiver, limit)
	}
	return "mirrorwatch"
}

// far names the other end of a link.
func far(s pipeline.Subject, limit int) string {
	if s.Kind == pipeline.KindSource {
		return "its source " + Plain(s.Origin, limit)
	}
	return "its origin " + Plain(s.Origin, limit)
}

// diverged says how a copy came to be none.
func diverged(i *pipeline.Incident) string {
	end := otherEnd(i.Subject)
	switch i.Reason {
	case pipeline.ReasonRecreated:
		return "the " + end + " was recreated"
	case pipeline.ReasonRestored:
		return "the " + end + " lacks what was copied from it"
	}
	return Plain(i.Reason, maxName)
}

func lost(reason string) bool { return reason == pipeline.ReasonLost }
