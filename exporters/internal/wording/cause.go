package wording

import (
	"fmt"
	"regexp"
	"strings"

	"mirrorwatch/pipeline"
)

const (
	maxSentence = 400 // characters of a sentence that a diagnosis gives
	maxCommand  = 400
	maxEvidence = 6
	maxSteps    = 8
	maxWarnings = 4
)

// pasteable is printable ASCII without the backtick that would end Slack's code. Who made the command saw to the shell.
var pasteable = regexp.MustCompile("^[!-_a-~][ -_a-~]*$")

// Cause says what most likely broke, how sure that is, and what it is in plain words; empty where no cause was looked for.
func Cause(i *pipeline.Incident) string {
	switch i.Cause {
	case "":
		return ""
	case pipeline.CauseUnknown:
		return "not known: nothing that was seen tells what broke"
	}
	text := causeName(i)
	if words := causeWords(i.Cause, i.Subject); words != "" {
		text += ": " + words
	}
	return text
}

// causeName is "origin deleted (certain)".
func causeName(i *pipeline.Incident) string {
	text := Plain(string(i.Cause), maxSentence)
	if i.Sure != "" && i.Cause != pipeline.CauseNotObservable {
		text += " (" + Plain(string(i.Sure), maxName) + ")"
	}
	return text
}

// causesWere is "link down, then self-healing in progress (likely)".
func causesWere(i *pipeline.Incident) string {
	var text string
	for _, c := range i.Causes {
		if known(c) && c != i.Cause {
			text += Plain(string(c), maxSentence) + ", then "
		}
	}
	return text + causeName(i)
}

// causeWords says a cause in a sentence.
func causeWords(cause pipeline.Cause, s pipeline.Subject) string {
	end := otherEnd(s)
	switch cause {
	case pipeline.CauseLinkDown:
		return "the connection between the sites is down"
	case pipeline.CauseBlackhole:
		return "the connection between the sites counts as up, and nothing comes through it"
	case pipeline.CauseDelivery:
		return "questions reach the " + end + ", its messages do not reach this stream"
	case pipeline.CauseFlowControl:
		return "heartbeats come through, messages do not: the answers to flow control are lost"
	case pipeline.CauseRoute:
		return "the server's name or address cannot be reached"
	case pipeline.CauseDeleted:
		return "no stream has the name of the " + end
	case pipeline.CauseRecreated:
		return "another stream has the name of the " + end + " now"
	case pipeline.CauseReconfigured:
		return "the " + end + " takes in nothing any more that would be copied"
	case pipeline.CauseOriginDown:
		return "the servers of the " + end + " cannot serve it"
	case pipeline.CausePermission:
		return "something that is needed is not permitted"
	case pipeline.CauseLeaderless:
		return "the stream here has no leader, so nothing can be stored"
	case pipeline.CauseFull:
		return "the stream here takes nothing in any more"
	case pipeline.CauseRetry:
		return "the way is free again; the server waits before its next attempt, 2.5 minutes at most"
	case pipeline.CauseSelfHealing:
		return "the server is connecting again by itself, as a rule within a minute"
	case pipeline.CauseNotObservable:
		return "what broke cannot be seen from here"
	}
	return ""
}

// known tells whether somebody has named what broke.
func known(cause pipeline.Cause) bool {
	return cause != "" && cause != pipeline.CauseUnknown && cause != pipeline.CauseNotObservable
}

// causeTail ends a headline with the cause, where it is likely and says more than the headline does.
func causeTail(c *pipeline.Change) string {
	i := &c.Incident
	switch {
	case !known(i.Cause) || found(c) || i.Rule == pipeline.RuleDiverged || i.Rule == pipeline.RuleLeaderless:
		return ""
	case i.Sure == pipeline.Certain:
		return "; cause: " + Plain(string(i.Cause), maxName)
	case i.Sure == pipeline.Likely:
		return "; likely cause: " + Plain(string(i.Cause), maxName)
	}
	return ""
}

// found tells whether an update is told for its cause.
func found(c *pipeline.Change) bool {
	return c.Kind == pipeline.Updated && c.Found && known(c.Incident.Cause)
}

// causeFound is "cause found: origin deleted", with how sure it is where that is less than certain.
func causeFound(i *pipeline.Incident) string {
	text := "cause found: " + Plain(string(i.Cause), maxName)
	if i.Sure == "" || i.Sure == pipeline.Certain {
		return text
	}
	return Plain(string(i.Sure), maxName) + " " + text
}

// CommonCause names the cause that all open incidents of a batch have; empty where they have not one, or there is but one.
func CommonCause(stories []Story) string {
	if common := commonCause(stories); common != nil {
		return Cause(common)
	}
	return ""
}

// commonCause is the incident that names it the least surely.
func commonCause(stories []Story) *pipeline.Incident {
	var common *pipeline.Incident
	open := 0
	for n := range stories {
		i := &stories[n].Change.Incident
		if stories[n].Ended() {
			continue
		}
		if open++; !known(i.Cause) || common != nil && i.Cause != common.Cause {
			return nil
		}
		if common == nil || sureness(i) < sureness(common) {
			common = i
		}
	}
	if open < 2 {
		return nil
	}
	return common
}

func sureness(i *pipeline.Incident) int {
	switch i.Sure {
	case pipeline.Certain:
		return 2
	case pipeline.Likely:
		return 1
	}
	return 0
}

// Evidence is what speaks for the cause, the weightiest first.
func Evidence(i *pipeline.Incident) []string { return sentences(i.Because, maxEvidence) }

// Warnings is what not to do.
func Warnings(s *Story) []string {
	if s.Ended() || s.Change.Test {
		return nil
	}
	return sentences(s.Change.Incident.Warnings, maxWarnings)
}

// Steps is what to do next, in order; nil where nobody looked for a cause of what is not mirrorwatch's own. A command that cannot be pasted as it is, is left out.
func Steps(s *Story) []pipeline.Step {
	if s.Ended() || s.Change.Test {
		return nil
	}
	do := s.Change.Incident.Next
	if len(do) == 0 {
		do = ownSteps(&s.Change.Incident)
	}
	var steps []pipeline.Step
	for _, step := range do {
		step.Do = Plain(step.Do, maxSentence)
		if len(step.Command) > maxCommand || !pasteable.MatchString(step.Command) {
			step.Command = ""
		}
		if step.Do == "" && step.Command == "" {
			continue
		}
		if steps = append(steps, step); len(steps) == maxSteps {
			break
		}
	}
	return steps
}

// commandsOf are the commands among the steps, each with what it is for.
func commandsOf(steps []pipeline.Step) []string {
	var commands []string
	for _, step := range steps {
		switch {
		case step.Command == "":
		case step.Do == "" || strings.Contains(step.Command, "#"):
			commands = append(commands, step.Command)
		default:
			commands = append(commands, step.Command+"  # "+step.Do)
		}
	}
	return commands
}

func sentences(all []string, most int) []string {
	var told []string
	for n, text := range all {
		if len(told) == most {
			return append(told, fmt.Sprintf("+%d more", len(all)-n))
		}
		if text = Plain(text, maxSentence); text != "" {
			told = append(told, text)
		}
	}
	return told
}
