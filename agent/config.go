package agent

import (
	"fmt"
	"os"
	"time"

	"mirrorwatch/exporters/alertmanager"
	"mirrorwatch/exporters/otlp"
	"mirrorwatch/exporters/prometheus"
	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
)

// Config is the agent's whole configuration. Each component owns its part, its defaults and its Validate.
type Config struct {
	Connections    []jetstream.Config  `koanf:"connections"`
	Interval       time.Duration       `koanf:"interval"`         // between rounds
	LooksPerSecond int                 `koanf:"looks_per_second"` // of one connection, at most
	Rules          RulesConfig         `koanf:"rules"`
	DataDir        string              `koanf:"data_dir"`
	HTTP           HTTPConfig          `koanf:"http"`
	Retention      RetentionConfig     `koanf:"retention"`
	Heartbeat      HeartbeatConfig     `koanf:"heartbeat"`
	Exporters      ExportersConfig     `koanf:"exporters"`
	Routes         []RouteConfig       `koanf:"routes"`
	Fallback       FallbackConfig      `koanf:"fallback"`
	Maintenance    []MaintenanceConfig `koanf:"maintenance"`
	Links          LinksConfig         `koanf:"links"`
}

// DefaultConfig returns what holds where neither file nor environment says otherwise.
func DefaultConfig() *Config {
	return &Config{
		Interval:       5 * time.Second,
		LooksPerSecond: 500,
		Rules:          RulesConfig{SeenDefault: SeenDefaultConfig{After: 5 * time.Minute}},
		DataDir:        "./data",
		HTTP:           HTTPConfig{Address: "127.0.0.1:9188", Metrics: prometheus.Default()},
		Retention:      RetentionConfig{Age: Age(400 * 24 * time.Hour), Size: 256 << 20},
		Heartbeat:      HeartbeatConfig{Interval: time.Minute},
		Fallback:       FallbackConfig{After: 5 * time.Minute, Keep: 72 * time.Hour},
	}
}

// setDefaults gives a component's configuration its defaults before its keys are read.
func setDefaults(component any) {
	switch c := component.(type) {
	case *otlp.Config:
		*c = otlp.Default()
	case *alertmanager.Config:
		c.Lapse, c.Interval = alertmanager.DefaultLapse, alertmanager.DefaultInterval
	case *RouteConfig:
		*c = DefaultRoute()
	}
}

// complete fills in what is known only once everything was read.
func (c *Config) complete() {
	for i := range c.Routes {
		c.Routes[i].complete()
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
	c.Retention.validate(under("retention", report))
	c.Exporters.validate(report)
	c.validateRoutes(report)
	c.Fallback.validate(c.Exporters.names(), under("fallback", report))
	c.validateMaintenance(report)
	c.Links.validate(under("links", report))
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
