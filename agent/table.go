package agent

import (
	"fmt"
	"log/slog"
	"time"

	"mirrorwatch/exporters/slack"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
	"mirrorwatch/pipeline/rules"
)

// This file is where the concrete kinds meet: a new rule, and a new destination, is one line here.

// Rules returns every rule that judges streams and connections.
func (c RulesConfig) Rules() []pipeline.Rule {
	return []pipeline.Rule{
		rules.Seen{},
		rules.SeenDefault{After: c.SeenDefault.After},
		rules.Lag{},
		rules.NotCopying{},
		rules.Diverged{},
		rules.Leaderless{},
		rules.Sources{},
		rules.Peers{},
		rules.Messages{},
		rules.Subjects{},
		rules.Policy{},
		rules.Unobserved{Patience: rules.DefaultPatience},
	}
}

// agentRules returns the rules that judge the agent itself.
func agentRules() []pipeline.Rule {
	return []pipeline.Rule{rules.Journal{LostFor: rules.DefaultLostFor}}
}

// Receivers builds every configured destination of changes.
func (e *ExportersConfig) Receivers(log *slog.Logger) ([]pipeline.Receiver, error) {
	var all []pipeline.Receiver
	add := func(kind, name string, n pipeline.Notifier, err error) error {
		if err != nil {
			return fmt.Errorf("set up %s %q: %w", kind, name, err)
		}
		all = append(all, pipeline.Receiver{Name: name, Notifier: n})
		return nil
	}
	for _, c := range e.Webhook {
		n, err := webhook.New(c)
		if err := add("webhook", c.Name, n, err); err != nil {
			return nil, err
		}
	}
	for _, c := range e.Slack {
		n, err := slack.New(c)
		if err := add("slack", c.Name, n, err); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// watchOptions says what a connection's watch is to do.
func (c *Config) watchOptions(name string, watched func(string) bool, board *pipeline.Board) pipeline.WatchOptions {
	return pipeline.WatchOptions{
		Connection: name, Rules: c.Rules.Rules(), Defaults: c.Policy(), Interval: c.Interval,
		LooksPerSecond: float64(c.LooksPerSecond), Watched: watched, Board: board,
		Origins: true, Trunks: true, Diagnoser: diagnosis.Diagnoser{},
	}
}

// newWatch returns a watch on a connection.
func (c *Config) newWatch(now time.Time, name string, watched func(string) bool, board *pipeline.Board, state pipeline.State) *pipeline.Watch {
	var records []pipeline.StreamRecord
	for _, r := range state.Streams {
		if r.Key.Connection == name {
			records = append(records, r)
		}
	}
	var open []pipeline.Incident
	for _, i := range state.Incidents {
		if i.Subject.Connection == name {
			open = append(open, i)
		}
	}
	return pipeline.NewWatch(now, c.watchOptions(name, watched, board), records, open)
}
