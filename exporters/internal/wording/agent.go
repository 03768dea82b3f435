package wording

import (
	"fmt"
	"strings"

	"mirrorwatch/pipeline"
)

// This file has the words of what mirrorwatch tells of itself, and of incidents that come and go.

func deliverySymptom(c *pipeline.Change, name string) string {
	if c.Incident.Reason == pipeline.ReasonBroken {
		return name + " refuses what mirrorwatch sends: nobody is told through it"
	}
	return fmt.Sprintf("%s could not be told of anything for %s", name, Duration(Dark(c)))
}

// ownSteps says how to mend what mirrorwatch tells of itself: a receiver, or its configuration.
func ownSteps(i *pipeline.Incident) []pipeline.Step {
	try := pipeline.Step{Do: "Try it; this prints request and answer"}
	var c commands
	if c.add("", "mirrorwatch notify test --config FILE %s", i.Subject.Receiver); len(c) > 0 {
		try.Command = strings.TrimSuffix(c[0], "  # ")
	}
	wait := pipeline.Step{Do: "Do nothing for what waits: it is sent by itself"}
	switch {
	case i.Rule == pipeline.RuleDelivery && i.Reason == pipeline.ReasonBroken:
		return []pipeline.Step{
			{Do: "See its answer in Details: after 401 and 403, or invalid_auth, its token or secret is wrong; after 404 and 410, its URL or channel"},
			{Do: "Mend it in the configuration or in its secret's file; both are read again by themselves"},
			try, wait,
		}
	case i.Rule == pipeline.RuleDelivery:
		return []pipeline.Step{{Do: "See in Details why, and whether this machine reaches it at all"}, try, wait}
	case i.Rule == pipeline.RuleConfig:
		return []pipeline.Step{
			{Do: "See every fault with its line", Command: "mirrorwatch config check FILE"},
			{Do: "Mend the file; it comes into force by itself"},
		}
	}
	return nil
}

// flaps is "mirror X: contact with its origin Y came and went 4 times in 30m".
func flaps(i *pipeline.Incident, name string) string {
	often := fmt.Sprintf("came and went %d times in %s", i.Flaps, Duration(pipeline.FlapWindow))
	switch {
	case !i.Subject.IsLink():
		return fmt.Sprintf("%s: what the check %s finds %s", name, Plain(i.Rule, maxName), often)
	case i.Rule == pipeline.RuleSeen || i.Rule == pipeline.RuleSeenDefault:
		return fmt.Sprintf("%s: contact with %s %s", name, far(i.Subject, maxName), often)
	case i.Rule == pipeline.RuleLag:
		return fmt.Sprintf("%s: its lag behind %s %s", name, far(i.Subject, maxName), often)
	case i.Rule == pipeline.RuleNotCopying:
		return fmt.Sprintf("%s: copying from %s %s", name, far(i.Subject, maxName), often)
	}
	return fmt.Sprintf("%s: what the check %s finds %s", name, Plain(i.Rule, maxName), often)
}

// afterFlaps ends the headline of a recovery.
func afterFlaps(c *pipeline.Change) string {
	if c.Incident.Flaps == 0 {
		return ""
	}
	text := fmt.Sprintf("; it came and went %d times", c.Incident.Flaps)
	if c.Silent > 0 {
		text += ", " + Duration(c.Silent) + " dark in total"
	}
	return text
}

func (f *facts) flapping(i *pipeline.Incident) {
	if i.Flaps > 0 {
		f.add("Flapping", "it is held open, and not told again each time. It ends once all is well for some time without a break")
	}
}
