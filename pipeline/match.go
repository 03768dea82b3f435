package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The labels that changes are matched and grouped by. Those that a change has not are empty.
const (
	LabelLevel      = "level" // warning or critical
	LabelRule       = "rule"
	LabelConnection = "connection"
	LabelAccount    = "account"
	LabelDomain     = "domain"
	LabelStream     = "stream"
	LabelKind       = "kind" // mirror or source
	LabelOrigin     = "origin"
	LabelVia        = "via"
	LabelFilter     = "filter"
	LabelCause      = "cause"
	LabelReceiver   = "receiver"  // that an incident of the agent is about
	LabelIncident   = "incident"  // its id; grouping by it keeps incidents apart
	LabelMetadata   = "metadata." // followed by a key of the stream's metadata
)

// labelNames is the labels but metadata, in the order that people read them in.
var labelNames = [...]string{
	LabelLevel, LabelRule, LabelConnection, LabelAccount, LabelDomain, LabelStream, LabelKind, LabelOrigin, LabelVia, LabelFilter,
	LabelCause, LabelReceiver, LabelIncident,
}

// LabelNames returns the labels but metadata.
func LabelNames() []string { return slices.Clone(labelNames[:]) }

// KnownLabel tells whether name is a label.
func KnownLabel(name string) bool {
	key, metadata := strings.CutPrefix(name, LabelMetadata)
	return metadata && key != "" || slices.Contains(labelNames[:], name)
}

// Label returns the incident's value of a label.
func (i *Incident) Label(name string) string {
	s := &i.Subject
	switch name {
	case LabelLevel:
		return i.Level.String()
	case LabelRule:
		return i.Rule
	case LabelConnection:
		return s.Connection
	case LabelAccount:
		return s.Account
	case LabelDomain:
		return s.Domain
	case LabelStream:
		return s.Stream
	case LabelKind:
		return string(s.Kind)
	case LabelOrigin:
		return s.Origin
	case LabelVia:
		return s.Via
	case LabelFilter:
		return s.Filter
	case LabelCause:
		return string(i.Cause)
	case LabelReceiver:
		return s.Receiver
	case LabelIncident:
		return i.ID
	}
	if key, ok := strings.CutPrefix(name, LabelMetadata); ok {
		return i.Metadata[key]
	}
	return ""
}

// Matcher holds one label against patterns.
type Matcher struct {
	Label    string   `json:"label"`
	Patterns []string `json:"patterns"`      // one of them has to match; * stands for any characters, ? for one
	Not      bool     `json:"not,omitempty"` // none of them may match
}

// Match is a set of matchers, all of which must hold; an empty one matches everything.
type Match []Matcher

// Matches tells whether the incident matches.
func (m Match) Matches(i *Incident) bool {
	for _, one := range m {
		value := i.Label(one.Label)
		if slices.ContainsFunc(one.Patterns, func(p string) bool { return Glob(p, value) }) == one.Not {
			return false
		}
	}
	return true
}

// String writes the matchers as ParseMatcher reads them, apart by spaces.
func (m Match) String() string {
	all := make([]string, len(m))
	for n, one := range m {
		sign := "="
		if one.Not {
			sign = "!="
		}
		all[n] = one.Label + sign + strings.Join(one.Patterns, ",")
	}
	return strings.Join(all, " ")
}

// ParseMatcher reads "stream=PAYMENTS*", "level!=warning" or "origin=A,B".
func ParseMatcher(text string) (Matcher, error) {
	label, patterns, found := strings.Cut(text, "=")
	if !found {
		return Matcher{}, errors.New("want LABEL=PATTERN, such as stream=PAYMENTS*")
	}
	label, not := strings.CutSuffix(label, "!")
	m := Matcher{Label: strings.TrimSpace(label), Not: not}
	for p := range strings.SplitSeq(patterns, ",") {
		if p = strings.TrimSpace(p); p != "" {
			m.Patterns = append(m.Patterns, p)
		}
	}
	return m, m.Check()
}

// Check tells what is wrong with a matcher.
func (m Matcher) Check() error {
	if !KnownLabel(m.Label) {
		return fmt.Errorf("no label %q: want one of %s or metadata.KEY", m.Label, strings.Join(labelNames[:], ", "))
	}
	if len(m.Patterns) == 0 {
		return fmt.Errorf("%s: no pattern: an empty one would match nothing; leave it out, or write *", m.Label)
	}
	if m.Label == LabelLevel {
		for _, p := range m.Patterns {
			if !Glob(p, Warning.String()) && !Glob(p, Critical.String()) {
				return fmt.Errorf("level: %q matches neither warning nor critical", p)
			}
		}
	}
	return nil
}

// Glob tells whether text matches pattern, in which * stands for any characters and ? for one.
func Glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
