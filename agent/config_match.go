package agent

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mirrorwatch/pipeline"
)

// OneOrMore is a list of texts that may be written as one of them.
type OneOrMore []string

// MatchConfig is what a route or a window is about: every label that is given has to match one of its patterns, in which
// * stands for any characters and ? for one.
type MatchConfig struct {
	Level      OneOrMore            `koanf:"level"` // warning, critical
	Rule       OneOrMore            `koanf:"rule"`
	Connection OneOrMore            `koanf:"connection"`
	Account    OneOrMore            `koanf:"account"`
	Domain     OneOrMore            `koanf:"domain"`
	Stream     OneOrMore            `koanf:"stream"`
	Kind       OneOrMore            `koanf:"kind"` // mirror, source
	Origin     OneOrMore            `koanf:"origin"`
	Via        OneOrMore            `koanf:"via"`
	Cause      OneOrMore            `koanf:"cause"`
	Metadata   map[string]OneOrMore `koanf:"metadata"` // of the stream, by key
}

// Match returns what is given, in the order of the fields, and of the metadata's keys.
func (c *MatchConfig) Match() pipeline.Match {
	var m pipeline.Match
	for _, one := range []pipeline.Matcher{
		{Label: pipeline.LabelLevel, Patterns: c.Level},
		{Label: pipeline.LabelRule, Patterns: c.Rule},
		{Label: pipeline.LabelConnection, Patterns: c.Connection},
		{Label: pipeline.LabelAccount, Patterns: c.Account},
		{Label: pipeline.LabelDomain, Patterns: c.Domain},
		{Label: pipeline.LabelStream, Patterns: c.Stream},
		{Label: pipeline.LabelKind, Patterns: c.Kind},
		{Label: pipeline.LabelOrigin, Patterns: c.Origin},
		{Label: pipeline.LabelVia, Patterns: c.Via},
		{Label: pipeline.LabelCause, Patterns: c.Cause},
	} {
		if one.Patterns != nil {
			m = append(m, one)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Metadata)) {
		m = append(m, pipeline.Matcher{Label: pipeline.LabelMetadata + key, Patterns: c.Metadata[key]})
	}
	return m
}

// validate reports patterns that can match nothing.
func (c *MatchConfig) validate(report func(path, problem string)) {
	known := map[string][]string{
		pipeline.LabelLevel: {pipeline.Warning.String(), pipeline.Critical.String()},
		pipeline.LabelKind:  {string(pipeline.KindMirror), string(pipeline.KindSource)},
		pipeline.LabelRule:  ruleNames(),
		pipeline.LabelCause: causeNames(),
	}
	for _, m := range c.Match() {
		if len(m.Patterns) == 0 {
			report(m.Label, "is an empty list, which would match nothing; leave it out, or write *")
		}
		for i, p := range m.Patterns {
			at := m.Label
			if len(m.Patterns) > 1 {
				at = fmt.Sprintf("%s[%d]", m.Label, i)
			}
			values, closed := known[m.Label]
			switch {
			case p == "":
				report(at, "is empty, which would match only what has no such label; leave it out, or write *")
			case closed && !slices.ContainsFunc(values, func(v string) bool { return pipeline.Glob(p, v) }):
				report(at, fmt.Sprintf("%q matches none of %s", p, strings.Join(values, ", ")))
			}
		}
	}
}

// remark reports patterns that match nothing that is configured.
func (c *MatchConfig) remark(connections []string, report func(path, text string)) {
	for _, p := range c.Connection {
		if !slices.ContainsFunc(connections, func(name string) bool { return pipeline.Glob(p, name) }) {
			report("connection", fmt.Sprintf("%q matches no connection that is configured (%s)", p, strings.Join(connections, ", ")))
		}
	}
}

func causeNames() []string {
	var names []string
	for _, c := range []pipeline.Cause{
		pipeline.CauseLinkDown, pipeline.CauseBlackhole, pipeline.CauseDelivery, pipeline.CauseFlowControl, pipeline.CauseRoute,
		pipeline.CauseDeleted, pipeline.CauseRecreated, pipeline.CauseReconfigured, pipeline.CauseOriginDown, pipeline.CausePermission,
		pipeline.CauseLeaderless, pipeline.CauseFull, pipeline.CauseRetry, pipeline.CauseSelfHealing, pipeline.CauseNotObservable,
		pipeline.CauseUnknown,
	} {
		names = append(names, string(c))
	}
	return names
}
