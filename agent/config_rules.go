package agent

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// maxHold is the longest that a rule may wait: somebody who wants to hear later than that means another limit.
const maxHold = time.Hour

// RulesConfig is what rules use where a stream's metadata says nothing, and how long each waits: what it finds must last
// that long before anybody is told, and as long be well again before an incident ends.
type RulesConfig struct {
	Seen        SeenConfig        `koanf:"seen"`
	SeenDefault SeenDefaultConfig `koanf:"seen-default"`
	Lag         RuleConfig        `koanf:"lag"`
	NotCopying  RuleConfig        `koanf:"not-copying"`
	Diverged    RuleConfig        `koanf:"diverged"`
	Leaderless  RuleConfig        `koanf:"leaderless"`
	Sources     RuleConfig        `koanf:"sources"`
	Peers       RuleConfig        `koanf:"peers"`
	Messages    RuleConfig        `koanf:"messages"`
	Subjects    RuleConfig        `koanf:"subjects"`
	Policy      RuleConfig        `koanf:"policy"`
	Unobserved  RuleConfig        `koanf:"unobserved"`
}

// RuleConfig is the configuration of a rule without settings of its own.
type RuleConfig struct {
	Hold time.Duration `koanf:"hold"`
}

// SeenConfig is the configuration of the rule seen.
type SeenConfig struct {
	Limit Limit         `koanf:"limit"` // for streams without seen-critical in their metadata
	Hold  time.Duration `koanf:"hold"`
}

// SeenDefaultConfig is the configuration of the rule seen-default.
type SeenDefaultConfig struct {
	After time.Duration `koanf:"after"` // how long a link without any limit may stay silent; 0: for ever
	Hold  time.Duration `koanf:"hold"`
}

// byRule returns the hold of every rule that may have one.
func (r *RulesConfig) byRule() []ruleHold {
	return []ruleHold{
		{pipeline.RuleSeen, r.Seen.Hold},
		{pipeline.RuleSeenDefault, r.SeenDefault.Hold},
		{pipeline.RuleLag, r.Lag.Hold},
		{pipeline.RuleNotCopying, r.NotCopying.Hold},
		{pipeline.RuleDiverged, r.Diverged.Hold},
		{pipeline.RuleLeaderless, r.Leaderless.Hold},
		{pipeline.RuleSources, r.Sources.Hold},
		{pipeline.RulePeers, r.Peers.Hold},
		{pipeline.RuleMessages, r.Messages.Hold},
		{pipeline.RuleSubjects, r.Subjects.Hold},
		{pipeline.RulePolicy, r.Policy.Hold},
		{pipeline.RuleUnobserved, r.Unobserved.Hold},
	}
}

type ruleHold struct {
	rule string
	hold time.Duration
}

// Holds returns the rules that wait, and how long.
func (r *RulesConfig) Holds() map[string]time.Duration {
	holds := map[string]time.Duration{}
	for _, one := range r.byRule() {
		if one.hold > 0 {
			holds[one.rule] = one.hold
		}
	}
	return holds
}

// unheld is the same without holds.
func (r *RulesConfig) unheld() RulesConfig {
	return RulesConfig{Seen: SeenConfig{Limit: r.Seen.Limit}, SeenDefault: SeenDefaultConfig{After: r.SeenDefault.After}}
}

// ruleNames is the names of all rules, those about the agent too.
func ruleNames() []string {
	var names []string
	for _, one := range (&RulesConfig{}).byRule() {
		names = append(names, one.rule)
	}
	return append(names, pipeline.RuleJournal, pipeline.RuleDelivery, pipeline.RuleConfig)
}

func (r *RulesConfig) validate(report func(path, problem string)) {
	if limit := r.Seen.Limit; limit.Set && limit.Value != 0 && limit.Value < pipeline.MinSeenLimit {
		report("seen.limit", fmt.Sprintf("%s: want at least %s, or 0 for no limit", durationText(limit.Value), pipeline.MinSeenLimit))
	}
	if after := r.SeenDefault.After; after != 0 && after < pipeline.MinSeenLimit {
		report("seen-default.after", fmt.Sprintf("%s: want at least %s, or 0 for no such check", durationText(after), pipeline.MinSeenLimit))
	}
	for _, one := range r.byRule() {
		if one.hold < 0 || one.hold > maxHold {
			report(one.rule+".hold", fmt.Sprintf("%s: want 0s to %s", durationText(one.hold), durationText(maxHold)))
		}
	}
}

func (r *RulesConfig) remark(report func(path, text string)) {
	if limit := r.Seen.Limit; limit.Set && limit.Value > 0 && limit.Value < pipeline.SelfHealing {
		report("seen.limit", fmt.Sprintf(
			"%s is honoured, but a server that reconnects by itself may be silent for 50s: below %s expect alerts that resolve by themselves",
			durationText(limit.Value), durationText(pipeline.SelfHealing)))
	}
	for _, one := range r.byRule() {
		switch {
		case one.hold == 0:
		case one.rule == pipeline.RuleSeen:
			report("seen.hold", fmt.Sprintf("somebody hears %s after a link's limit has passed, not when it passes", durationText(one.hold)))
		case one.rule == pipeline.RuleUnobserved:
			report("unobserved.hold", fmt.Sprintf("a connection that sees nothing is told of %s later", durationText(one.hold)))
		}
	}
}
