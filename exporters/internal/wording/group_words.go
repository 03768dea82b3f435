package wording

import (
	"fmt"
	"slices"
	"strings"

	"mirrorwatch/pipeline"
)

// This file has the words for many incidents at once, as headline.go has them for one.

// familyOf is the rule that all are of; both rules on contact count as seen. Empty: they are of several.
func familyOf(stories []Story) string {
	family := ""
	for k := range stories {
		rule := stories[k].Change.Incident.Rule
		if rule == pipeline.RuleSeenDefault {
			rule = pipeline.RuleSeen
		}
		if k > 0 && rule != family {
			return ""
		}
		family = rule
	}
	return family
}

// noun is what all subjects are: mirrors, links, streams, connections or incidents.
func noun(stories []Story) string {
	word := ""
	for k := range stories {
		one := nounOf(stories[k].Change.Incident.Subject)
		switch {
		case k == 0 || word == one:
			word = one
		case word != "incidents" && (word == "mirrors" || word == "links") && (one == "mirrors" || one == "links"):
			word = "links"
		default:
			word = "incidents"
		}
	}
	return word
}

func nounOf(s pipeline.Subject) string {
	switch {
	case s.Kind == pipeline.KindMirror:
		return "mirrors"
	case s.IsLink():
		return "links"
	case s.Stream != "":
		return "streams"
	case s.Receiver != "":
		return "receivers"
	case s.Connection != "":
		return "connections"
	}
	return "incidents"
}

// ends is what links lead from.
func ends(stories []Story) string {
	if slices.ContainsFunc(stories, func(s Story) bool { return s.Change.Incident.Subject.Kind != pipeline.KindSource }) {
		return "their origins"
	}
	return "their sources"
}

// symptoms says what is wrong with several: "400 mirrors have no contact with their origins".
func symptoms(stories []Story) string {
	return Count(float64(len(stories))) + " " + troubled(stories)
}

func troubled(stories []Story) string {
	things, far := noun(stories), ends(stories)
	switch family := familyOf(stories); {
	case family == "" || things == "incidents":
		return "incidents: " + byRule(stories)
	case family == pipeline.RuleSeen && things == "streams":
		return "streams have not been seen"
	case family == pipeline.RuleSeen:
		if slices.ContainsFunc(stories, func(s Story) bool { return unseen(s.Change.Incident.Reason) }) {
			return things + " have no proven contact with " + far
		}
		return things + " have no contact with " + far
	case family == pipeline.RuleLag:
		return things + " are too far behind " + far
	case family == pipeline.RuleNotCopying:
		return things + " are in contact with " + far + " and copy nothing"
	case family == pipeline.RuleDiverged:
		return things + " are no copies of " + far + " any more"
	case family == pipeline.RuleLeaderless:
		return things + " have no leader: nothing is stored in them"
	case family == pipeline.RulePolicy && things == "streams":
		return "streams have limits in their metadata that are not in force as written"
	case family == pipeline.RuleUnobserved && blind(stories):
		return "connections are blind: none of their mirrors is being watched"
	case family == pipeline.RuleDelivery:
		return "receivers cannot be told of anything"
	default:
		return things + " fail the check " + Plain(family, maxName)
	}
}

// reliefs says what is well again with several: "400 mirrors are in contact with their origins again".
func reliefs(stories []Story) string {
	return Count(float64(subjects(stories))) + " " + relieved(stories)
}

func relieved(stories []Story) string {
	things, far := noun(stories), ends(stories)
	switch family := familyOf(stories); {
	case family == "" || things == "incidents":
		return "incidents: " + byRule(stories)
	case family == pipeline.RuleSeen && things == "streams":
		return "streams are seen again"
	case family == pipeline.RuleSeen:
		return things + " are in contact with " + far + " again"
	case family == pipeline.RuleLag:
		return things + " are no longer too far behind " + far
	case family == pipeline.RuleNotCopying:
		return things + " are copying again from " + far
	case family == pipeline.RuleDiverged:
		return things + " agree with " + far + " again"
	case family == pipeline.RuleLeaderless:
		return things + " have a leader again"
	case family == pipeline.RulePolicy && things == "streams":
		return "streams have all limits in their metadata in force as written"
	case family == pipeline.RuleUnobserved && blind(stories):
		return "connections are watched again"
	case family == pipeline.RuleDelivery:
		return "receivers can be told again"
	default:
		return things + " pass the check " + Plain(family, maxName) + " again"
	}
}

// byRule is "8 seen, 4 not-copying".
func byRule(stories []Story) string {
	return tally(stories, func(s *Story) string { return Plain(s.Change.Incident.Rule, maxName) })
}

// tally counts stories by a word, the most frequent first. Those without a word are left out.
func tally(stories []Story, word func(*Story) string) string {
	counts := map[string]int{}
	var words []string
	for k := range stories {
		w := word(&stories[k])
		if w == "" {
			continue
		}
		if counts[w]++; counts[w] == 1 {
			words = append(words, w)
		}
	}
	if len(words) == 1 && counts[words[0]] == len(stories) {
		return words[0]
	}
	slices.SortStableFunc(words, func(x, y string) int { return counts[y] - counts[x] })
	for k, w := range words {
		if words[k] = fmt.Sprintf("%s %s", Count(float64(counts[w])), w); k == maxTally {
			return strings.Join(words[:k], ", ") + ", and others"
		}
	}
	return strings.Join(words, ", ")
}

const maxTally = 5

// subjects counts what the stories are about; one may have had several incidents.
func subjects(stories []Story) int {
	seen := make(map[pipeline.Subject]bool, len(stories))
	for k := range stories {
		seen[stories[k].Change.Incident.Subject] = true
	}
	return len(seen)
}

func blind(stories []Story) bool {
	return !slices.ContainsFunc(stories, func(s Story) bool { return s.Change.Incident.Reason == pipeline.ReasonUnlisted })
}
