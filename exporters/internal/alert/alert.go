// Package alert tells incidents as Prometheus' alerts are told: by labels and annotations. Its functions are pure.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"
	"unicode"

	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

// What an alert's texts are cut to.
const (
	MaxLabel = 255  // characters; NATS allows no longer names
	MaxText  = 500  // characters of an annotation of one line
	MaxLong  = 4000 // bytes of an annotation of several lines
)

// Name is the label that a label of the pipeline has in an alert: level is severity there, and what no label's name may
// hold is an underscore ("metadata.owner", "metadata_owner").
func Name(label string) string {
	if label == pipeline.LabelLevel {
		return "severity"
	}
	return strings.Map(func(r rune) rune {
		if r == '_' || r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, wording.Plain(label, MaxLabel))
}

// Labels names what the incident is about. Empty ones are left out.
func Labels(c *pipeline.Change) map[string]string {
	i := &c.Incident
	all := map[string]string{
		"alertname":  i.Rule,
		"rule":       i.Rule,
		"severity":   i.Level.String(),
		"connection": i.Subject.Connection,
		"account":    i.Subject.Account,
		"domain":     i.Subject.Domain,
		"stream":     i.Subject.Stream,
		"kind":       string(i.Subject.Kind),
		"origin":     i.Subject.Origin,
		"receiver":   i.Subject.Receiver,
	}
	if c.Test {
		all["test"] = "true"
	}
	return Cleaned(all, MaxLabel)
}

// Brief returns the annotations of one line.
func Brief(s *wording.Story, pages pipeline.Pages) map[string]string {
	c := &s.Change
	i := &c.Incident
	all := map[string]string{
		"summary":     wording.Headline(s),
		"incident":    i.ID,
		"change":      string(c.Kind),
		"reason":      i.Reason,
		"detail":      i.Detail,
		"cause":       string(i.Cause),
		"sure":        string(i.Sure),
		"at_risk":     wording.AtRisk(i),
		"failover":    wording.Failover(i),
		"via":         i.Subject.Via,
		"filter":      i.Subject.Filter,
		"limit":       wording.Limit(i),
		"silent_for":  silence(c),
		"runbook_url": wording.Expand(pages.Runbook, i),
	}
	if !i.Since.IsZero() && !inContact(i) {
		all["since"] = i.Since.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	if i.Flaps > 0 {
		all["flapping"] = strconv.Itoa(i.Flaps)
	}
	if s.Late {
		all["told"] = "late"
	}
	for key, value := range i.Metadata {
		all[Name(pipeline.LabelMetadata+key)] = value
	}
	runbook := all["runbook_url"] // an address that was cut leads nowhere
	all = Cleaned(all, MaxText)
	if runbook != "" {
		all["runbook_url"] = runbook
	}
	return all
}

// Annotations returns those of Brief and the longer ones: the facts, the evidence, and what to do.
func Annotations(s *wording.Story, pages pipeline.Pages) map[string]string {
	all := Brief(s, pages)
	var facts []string
	for _, fact := range wording.Facts(s) {
		facts = append(facts, fact.String())
	}
	all["description"] = strings.Join(facts, "\n")
	for name, parts := range map[string][]string{
		"evidence": wording.Evidence(&s.Change.Incident),
		"next":     Steps(s),
		"warnings": wording.Warnings(s),
		"commands": wording.Commands(s),
	} {
		if text := lines(parts); text != "" {
			all[name] = text
		}
	}
	return all
}

// Steps tells what to do, each step with its command on a line of its own, after the context that the commands are for.
func Steps(s *wording.Story) []string {
	var all []string
	if len(wording.Steps(s)) > 0 {
		all = append(all, wording.Hint(s)+":")
	}
	for n, step := range wording.Steps(s) {
		text := strconv.Itoa(n+1) + ". " + step.Do
		if step.Command != "" {
			text += "\n   " + step.Command
		}
		all = append(all, text)
	}
	return all
}

// Fingerprint is one for all incidents of a rule on a subject: neither severity nor the way it ended is a part of it,
// so an escalation is not a new alert.
func Fingerprint(i *pipeline.Incident) string {
	s := i.Subject
	parts := []string{i.Rule, s.Connection, s.Account, s.Domain, s.Stream, string(s.Kind), s.Origin, s.Via, s.Filter}
	if s.Receiver != "" {
		parts = append(parts, s.Receiver)
	}
	quoted := make([]string, len(parts))
	for n, part := range parts {
		quoted[n] = strconv.Quote(part)
	}
	sum := sha256.Sum256([]byte("[" + strings.Join(quoted, " ") + "]"))
	return hex.EncodeToString(sum[:8])
}

// Cleaned returns the values that are not empty, fit for one line of at most limit characters.
func Cleaned(values map[string]string, limit int) map[string]string {
	for name, value := range values {
		values[name] = wording.Plain(value, limit)
	}
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	return values
}

// Size is how many bytes the labels or annotations have.
func Size(all map[string]string) int {
	size := 0
	for name, value := range all {
		size += len(name) + len(value)
	}
	return size
}

// lines joins as many as fit.
func lines(all []string) string {
	total := 0
	for n, text := range all {
		if total += len(text) + 1; total > MaxLong {
			return strings.Join(all[:n], "\n")
		}
	}
	return strings.Join(all, "\n")
}

func silence(c *pipeline.Change) string {
	if c.Silent <= 0 || inContact(&c.Incident) {
		return ""
	}
	return wording.Duration(c.Silent)
}

// inContact tells whether the incident is one of a link that may well be in contact.
func inContact(i *pipeline.Incident) bool {
	return i.Rule == pipeline.RuleNotCopying || i.Rule == pipeline.RuleDiverged
}
