package agent

import (
	"fmt"
	"slices"
	"time"

	"mirrorwatch/exporters/alertmanager"
	"mirrorwatch/exporters/otlplog"
	"mirrorwatch/exporters/slack"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
	"mirrorwatch/pipeline/rules"
)

// This file is where the concrete kinds meet: a new rule is one line here, a new destination one entry.

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
func (c *Config) agentRules() []pipeline.Rule {
	return []pipeline.Rule{
		rules.Journal{LostFor: rules.DefaultLostFor},
		rules.Delivery{After: c.Fallback.After},
		rules.Configuration{},
	}
}

// destination is one configured receiver that is not set up yet.
type destination struct {
	kind, name string
	config     any // what it is made of, but the pages
	most       int // pipeline.Receiver.Most
	open       func(pipeline.Pages) (pipeline.Notifier, error)
}

// destinations returns every configured destination of changes.
func (e *ExportersConfig) destinations() []destination {
	var all []destination
	for _, c := range e.OTLPLog {
		all = append(all, destination{
			"otlplog", c.Name, c, otlplog.MostIncidents,
			func(p pipeline.Pages) (pipeline.Notifier, error) { return otlplog.New(c, p, ThisBuild().Version) },
		})
	}
	for _, c := range e.Webhook {
		all = append(all, destination{
			"webhook", c.Name, c, c.Most(),
			func(p pipeline.Pages) (pipeline.Notifier, error) { return webhook.New(c, p) },
		})
	}
	for _, c := range e.Slack {
		all = append(all, destination{
			"slack", c.Name, c, 0,
			func(p pipeline.Pages) (pipeline.Notifier, error) { return slack.New(c, p) },
		})
	}
	for _, c := range e.Alertmanager {
		all = append(all, destination{
			"alertmanager", c.Name, c, alertmanager.MostIncidents,
			func(p pipeline.Pages) (pipeline.Notifier, error) { return alertmanager.New(c, p) },
		})
	}
	return all
}

// receiver sets the destination up.
func (d *destination) receiver(pages pipeline.Pages) (pipeline.Receiver, error) {
	n, err := d.open(pages)
	if err != nil {
		return pipeline.Receiver{}, fmt.Errorf("set up %s %q: %w", d.kind, d.name, err)
	}
	return pipeline.Receiver{Name: d.name, Notifier: n, Most: d.most}, nil
}

// Receivers builds every configured destination of changes, with what its messages link to.
func (e *ExportersConfig) Receivers(pages pipeline.Pages) ([]pipeline.Receiver, error) {
	var all []pipeline.Receiver
	for _, d := range e.destinations() {
		r, err := d.receiver(pages)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// watchOptions says what a connection's watch is to do.
func (c *Config) watchOptions(name string, watched func(string) bool, board *pipeline.Board) pipeline.WatchOptions {
	return pipeline.WatchOptions{
		Connection: name, Rules: c.Rules.Rules(), Defaults: c.Policy(), Interval: c.Interval,
		LooksPerSecond: float64(c.LooksPerSecond), Watched: watched, Board: board,
		Origins: true, Trunks: true, Diagnoser: diagnosis.Diagnoser{}, Holds: c.Rules.Holds(), Metadata: c.metadata(),
	}
}

// newWatch returns a watch on a connection.
func (c *Config) newWatch(now time.Time, name string, watched func(string) bool, board *pipeline.Board, state pipeline.State) *pipeline.Watch {
	var own pipeline.State
	for _, r := range state.Streams {
		if r.Key.Connection == name {
			own.Streams = append(own.Streams, r)
		}
	}
	for _, p := range state.Proofs {
		if p.Connection == name {
			own.Proofs = append(own.Proofs, p)
		}
	}
	other := func(i pipeline.Incident) bool { return i.Subject.Connection != name }
	own.Incidents, own.Ended = slices.DeleteFunc(slices.Clone(state.Incidents), other), slices.DeleteFunc(slices.Clone(state.Ended), other)
	return pipeline.NewWatch(now, c.watchOptions(name, watched, board), own)
}
