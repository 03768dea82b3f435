package agent

import (
	"fmt"
	"os"
	"time"

	"mirrorwatch/exporters/otlp"
	"mirrorwatch/exporters/slack"
	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
)

// Config is the agent's whole configuration. Each component owns its part, its defaults and its Validate.
type Config struct {
	Connections    []jetstream.Config `koanf:"connections"`
	Interval       time.Duration      `koanf:"interval"`         // between rounds
	LooksPerSecond int                `koanf:"looks_per_second"` // of one connection, at most
	Rules          RulesConfig        `koanf:"rules"`
	DataDir        string             `koanf:"data_dir"`
	HTTP           HTTPConfig         `koanf:"http"`
	Heartbeat      HeartbeatConfig    `koanf:"heartbeat"`
	Exporters      ExportersConfig    `koanf:"exporters"`
}

// RulesConfig is what rules use where a stream's metadata says nothing.
type RulesConfig struct {
	Seen        SeenConfig        `koanf:"seen"`
	SeenDefault SeenDefaultConfig `koanf:"seen-default"`
}

// SeenConfig is the configuration of the rule seen.
type SeenConfig struct {
	Limit Limit `koanf:"limit"` // for streams without seen-critical in their metadata
}

// SeenDefaultConfig is the configuration of the rule seen-default.
type SeenDefaultConfig struct {
	After time.Duration `koanf:"after"` // how long a link without any limit may stay silent; 0: for ever
}

// ExportersConfig is the destinations. Those left out are off.
type ExportersConfig struct {
	OTLP    *otlp.Config     `koanf:"otlp"`
	Webhook []webhook.Config `koanf:"webhook"`
	Slack   []slack.Config   `koanf:"slack"`
}

// DefaultConfig returns what holds where neither file nor environment says otherwise.
func DefaultConfig() *Config {
	return &Config{
		Interval:       5 * time.Second,
		LooksPerSecond: 500,
		Rules:          RulesConfig{SeenDefault: SeenDefaultConfig{After: 5 * time.Minute}},
		DataDir:        "./data",
		HTTP:           HTTPConfig{Address: "127.0.0.1:9188"},
		Heartbeat:      HeartbeatConfig{Interval: time.Minute},
	}
}

// setDefaults gives a component's configuration its defaults before its keys are read.
func setDefaults(component any) {
	switch c := component.(type) {
	case *otlp.Config:
		*c = otlp.Default()
	}
}

// Policy returns the limits for streams whose metadata sets none.
func (c *Config) Policy() pipeline.Policy {
	return pipeline.Policy{SeenCritical: c.Rules.Seen.Limit.Optional}
}

// Validate reports everything that is wrong, each with the path of its key.
func (c *Config) Validate(report func(path, problem string)) {
	if len(c.Connections) == 0 {
		report("connections", "there is none; name at least one: connections: [{name: main, url: nats://127.0.0.1:4222}]")
	}
	names := map[string]string{}
	for i := range c.Connections {
		at := fmt.Sprintf("connections[%d]", i)
		c.Connections[i].Validate(under(at, report))
		unique(names, c.Connections[i].Name, at, report)
	}
	validateOrigins(c.Connections, report)
	if c.Interval < time.Second || c.Interval > 5*time.Minute {
		report("interval", fmt.Sprintf("%s: want 1s to 5m", durationText(c.Interval)))
	}
	if c.LooksPerSecond < 1 || c.LooksPerSecond > 100_000 {
		report("looks_per_second", fmt.Sprintf("%d: want 1 to 100000", c.LooksPerSecond))
	}
	c.Rules.validate(under("rules", report))
	if c.DataDir == "" {
		report("data_dir", "is empty; name a folder that the agent may write to")
	} else if info, err := os.Stat(c.DataDir); err == nil && !info.IsDir() {
		report("data_dir", c.DataDir+" is no folder")
	}
	c.HTTP.Validate(under("http", report))
	c.Heartbeat.Validate(under("heartbeat", report))
	c.Exporters.validate(report)
}

func (r *RulesConfig) validate(report func(path, problem string)) {
	if limit := r.Seen.Limit; limit.Set && limit.Value != 0 && limit.Value < pipeline.MinSeenLimit {
		report("seen.limit", fmt.Sprintf("%s: want at least %s, or 0 for no limit", durationText(limit.Value), pipeline.MinSeenLimit))
	}
	if after := r.SeenDefault.After; after != 0 && after < pipeline.MinSeenLimit {
		report("seen-default.after", fmt.Sprintf("%s: want at least %s, or 0 for no such check", durationText(after), pipeline.MinSeenLimit))
	}
}

func (e *ExportersConfig) validate(report func(path, problem string)) {
	if e.OTLP != nil {
		e.OTLP.Validate(under("exporters.otlp", report))
	}
	names := map[string]string{}
	for i := range e.Webhook {
		at := fmt.Sprintf("exporters.webhook[%d]", i)
		e.Webhook[i].Validate(under(at, report))
		unique(names, e.Webhook[i].Name, at, report)
	}
	for i := range e.Slack {
		at := fmt.Sprintf("exporters.slack[%d]", i)
		e.Slack[i].Validate(under(at, report))
		unique(names, e.Slack[i].Name, at, report)
	}
}

// under returns a report that puts prefix before the paths it is given.
func under(prefix string, report func(path, problem string)) func(path, problem string) {
	return func(path, problem string) {
		switch {
		case path == "":
			path = prefix
		case path[0] == '[':
			path = prefix + path
		default:
			path = join(prefix, path)
		}
		report(path, problem)
	}
}

// unique reports a name that something else bears already.
func unique(names map[string]string, name, at string, report func(path, problem string)) {
	if first, taken := names[name]; taken && name != "" {
		report(at+".name", fmt.Sprintf("%q is the name of %s already", name, first))
		return
	}
	names[name] = at
}
