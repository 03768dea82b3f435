package wording

import (
	"fmt"

	"mirrorwatch/pipeline"
)

// This file has the words of the rules on a stream as a whole: sources, peers, messages and subjects.

// countSymptom says what is wrong by the rules on counts; empty for other rules.
func countSymptom(i *pipeline.Incident, name string) string {
	value, limit := Count(i.Value), Count(i.Limit)
	key := countKey(i)
	switch i.Rule {
	case pipeline.RuleSources:
		relation := "fewer than its " + key + " of "
		if i.Reason == pipeline.ReasonManySources {
			relation = "more than its " + key + " of "
		}
		return fmt.Sprintf("%s has %s, %s%s", name, counted(i.Value, "source"), relation, limit)
	case pipeline.RulePeers:
		switch i.Reason {
		case pipeline.ReasonPeerLag:
			return fmt.Sprintf("a peer of %s is %s operations behind, over its %s of %s", name, value, key, limit)
		case pipeline.ReasonPeerSeen:
			return fmt.Sprintf("a peer of %s was not heard of for %s, over its %s of %s", name,
				Quantity(i.Value, pipeline.UnitSeconds), key, Quantity(i.Limit, pipeline.UnitSeconds))
		}
		return fmt.Sprintf("%s has %s, not the %s of its %s", name, counted(i.Value, "peer"), limit, key)
	case pipeline.RuleMessages, pipeline.RuleSubjects:
		noun := "message"
		if i.Rule == pipeline.RuleSubjects {
			noun = "subject"
		}
		return fmt.Sprintf("%s has %s, %s by its %s of %s", name, counted(i.Value, noun), Plain(i.Reason, maxName), key, limit)
	}
	return ""
}

// countRelief says what is well again by the rules on counts; empty for other rules.
func countRelief(i *pipeline.Incident, name string) string {
	switch i.Rule {
	case pipeline.RuleSources:
		return name + " has as many sources as it should again"
	case pipeline.RulePeers:
		return "the peers of " + name + " are as they should be again"
	case pipeline.RuleMessages, pipeline.RuleSubjects:
		return fmt.Sprintf("the number of %s in %s is within its limits again", i.Rule, name)
	}
	return ""
}

// countMeaning says what an incident of the rules on counts puts at risk; empty for other rules.
func countMeaning(i *pipeline.Incident) string {
	switch {
	case i.Rule == pipeline.RuleSources && i.Reason == pipeline.ReasonManySources:
		return "more flows into it than was meant"
	case i.Rule == pipeline.RuleSources:
		return "a part of what should flow into it does not"
	case i.Rule == pipeline.RulePeers && i.Reason == pipeline.ReasonPeerCount:
		return "its data is not on as many servers as was meant: another failure may leave it without a leader"
	case i.Rule == pipeline.RulePeers:
		return "that server's copy is not up to date: if others fail, it cannot stand in for them"
	case i.Rule == pipeline.RuleMessages || i.Rule == pipeline.RuleSubjects:
		return "its contents are not what the limits in its metadata expect"
	}
	return ""
}

// countKey is the metadata key that the incident's limit comes from; empty for other rules.
func countKey(i *pipeline.Incident) string {
	level := "critical"
	if i.Level == pipeline.Warning {
		level = "warn"
	}
	switch i.Rule {
	case pipeline.RuleSources:
		if i.Reason == pipeline.ReasonManySources {
			return "max-sources"
		}
		return "min-sources"
	case pipeline.RulePeers:
		switch i.Reason {
		case pipeline.ReasonPeerLag:
			return "peer-lag-critical"
		case pipeline.ReasonPeerSeen:
			return "peer-seen-critical"
		}
		return "peer-expect"
	case pipeline.RuleMessages:
		return "msgs-" + level
	case pipeline.RuleSubjects:
		return "subjects-" + level
	}
	return ""
}

// countLimit is the incident's limit and its key.
func countLimit(i *pipeline.Incident, key string) string {
	if i.Reason == pipeline.ReasonPeerSeen {
		return Quantity(i.Limit, pipeline.UnitSeconds) + " (" + key + ")"
	}
	return Count(i.Limit) + " (" + key + ")"
}

func counted(n float64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}
