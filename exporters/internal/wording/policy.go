package wording

import (
	"fmt"
	"strconv"
	"strings"

	"mirrorwatch/pipeline"
)

const (
	maxFindings = 2  // in a headline
	maxValue    = 30 // characters of a metadata value in a headline
)

// policySymptom says which limit is not in force, or what is wrong with all of a connection's.
func policySymptom(i *pipeline.Incident) string {
	if !i.Subject.IsStream() {
		name := who(i.Subject, maxName)
		if i.Reason == pipeline.ReasonSkew {
			return name + ": the clocks of its servers and of mirrorwatch differ"
		}
		return name + ": its limits cannot all be proven in time"
	}
	name := Plain(i.Subject.Stream, maxName)
	found := findings(i.Detail)
	what := "a limit in its metadata is not in force as written"
	if len(found) > 1 {
		what = fmt.Sprintf("%d limits in its metadata are not in force as written", len(found))
	}
	if len(found) == 0 {
		return name + ": " + what
	}
	rest := ""
	if len(found) > maxFindings {
		rest = fmt.Sprintf(" and %d more", len(found)-maxFindings)
		found = found[:maxFindings]
	}
	return name + ": " + what + ": " + strings.Join(found, ", ") + rest
}

func policyRelief(i *pipeline.Incident) string {
	name := who(i.Subject, maxName)
	switch {
	case i.Subject.IsStream():
		return Plain(i.Subject.Stream, maxName) + ": all limits in its metadata are in force as written"
	case i.Reason == pipeline.ReasonSkew:
		return name + ": the clocks of its servers and of mirrorwatch agree again"
	}
	return name + ": its limits can all be proven in time again"
}

func policyMeaning(i *pipeline.Incident) string {
	switch {
	case i.Subject.IsStream():
		return "the check does not run as written. Until the value is mended, another limit is used, or none"
	case i.Reason == pipeline.ReasonSkew:
		return "limits are still judged right: each server's own clock counts. " +
			"But times told by servers and by mirrorwatch do not match; see that all keep their clocks in sync"
	}
	return "a loss of contact may be told later than the limits ask for"
}

// findings reads a policy incident's detail, `io.nats.monitor.KEY: "VALUE": what to write; …`, and returns `KEY "VALUE"`
// of each. What does not look like that is left out.
func findings(detail string) []string {
	var all []string
	for {
		rest, ok := strings.CutPrefix(detail, pipeline.MetadataPrefix)
		if !ok {
			return all
		}
		key, rest, ok := strings.Cut(rest, `: "`)
		if !ok {
			return all
		}
		value, err := strconv.QuotedPrefix(`"` + rest)
		if err != nil {
			return all
		}
		all = append(all, Plain(key, maxName)+" "+clipQuoted(value))
		next := strings.Index(rest[len(value)-1:], "; "+pipeline.MetadataPrefix)
		if next < 0 {
			return all
		}
		detail = rest[len(value)-1+next+len("; "):]
	}
}

// clipQuoted keeps a quoted value short, and its closing quote.
func clipQuoted(value string) string {
	if text := Plain(value, maxValue); text != value {
		return strings.TrimSuffix(text, `"`) + `"`
	}
	return value
}
