// Package diagnosis goes from a view to a cause: what most likely broke, why that is believed, and what to do next. What speaks
// for each cause stands in one table (signs.go); docs/causes.md says the same for people.
package diagnosis

import (
	"time"

	"mirrorwatch/pipeline"
)

// Diagnoser implements pipeline.Diagnoser. It weighs all signs that an incident's view shows: the surest one names the cause;
// among equally sure ones, the one that stands first in the table does.
type Diagnoser struct{}

// Diagnose implements pipeline.Diagnoser. The zero Diagnosis means that the incident's rule has no cause to look for, or, of
// RuleLag, that a link is behind and nothing shows why. Its texts hold no ages: they change only when what they tell of does.
func (Diagnoser) Diagnose(now time.Time, v *pipeline.View, i *pipeline.Incident, routes []pipeline.Trunk) pipeline.Diagnosis {
	switch {
	case v == nil || i == nil:
		return pipeline.Diagnosis{}
	case v.Connection != nil && i.Rule == pipeline.RuleUnobserved:
		return diagnoseConnection(v.Connection, i)
	case v.Stream == nil:
		return pipeline.Diagnosis{}
	}
	switch i.Rule {
	case pipeline.RuleSeen, pipeline.RuleSeenDefault, pipeline.RuleNotCopying, pipeline.RuleDiverged, pipeline.RuleLeaderless:
		return diagnoseStream(newScene(now, v.Stream, i, routes))
	case pipeline.RuleLag:
		if d := diagnoseStream(newScene(now, v.Stream, i, routes)); d.Cause != pipeline.CauseUnknown {
			return d
		}
	}
	return pipeline.Diagnosis{}
}

// finding is what one sign shows.
type finding struct {
	cause pipeline.Cause
	sure  pipeline.Sureness
	says  string
}

func diagnoseStream(c *scene) pipeline.Diagnosis {
	if c.unseen() && c.incident.Cause != "" {
		return c.incident.Diagnosis // nothing newer is known
	}
	var found []finding
	best := finding{cause: pipeline.CauseUnknown}
	for _, s := range signs() {
		if s.ofLink && c.link == nil || !speaksTo(s.cause, c.incident.Rule) {
			continue
		}
		f := finding{cause: s.cause}
		if f.sure, f.says = s.read(c); f.sure == "" {
			continue
		}
		found = append(found, f)
		if weight(f.sure) > weight(best.sure) {
			best = f
		}
	}
	d := pipeline.Diagnosis{Cause: best.cause, Sure: best.sure, Because: because(c, best, found)}
	d.Next, d.Warnings = steps(c, d.Cause), warnings(c, d.Cause)
	return d
}

// speaksTo tells whether a cause explains what the rule found.
func speaksTo(cause pipeline.Cause, rule string) bool {
	switch rule {
	case pipeline.RuleLeaderless:
		return cause == pipeline.CauseLeaderless
	case pipeline.RuleDiverged:
		return cause == pipeline.CauseRecreated || cause == pipeline.CauseReconfigured
	}
	return true
}

func weight(s pipeline.Sureness) int {
	switch s {
	case pipeline.Certain:
		return 3
	case pipeline.Likely:
		return 2
	case pipeline.Possible:
		return 1
	}
	return 0
}

// because is the evidence for the best finding. Where that is only possible, what else would fit is told too.
func because(c *scene, best finding, found []finding) (all []string) {
	all = append(all, best.says)
	for _, f := range found {
		if f.cause == best.cause && f.says != best.says {
			all = append(all, f.says)
		}
	}
	if best.sure == pipeline.Possible {
		told := map[pipeline.Cause]bool{best.cause: true}
		for _, f := range found {
			if !told[f.cause] {
				told[f.cause] = true
				all = append(all, "It may as well be “"+string(f.cause)+"”. "+f.says)
			}
		}
	}
	if best.cause == pipeline.CauseUnknown {
		all[0] = "Nothing that was seen speaks for one cause more than for another."
	}
	if c.link != nil && c.quiet() {
		all = append(all, c.silence())
	}
	return all
}
