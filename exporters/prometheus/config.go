package prometheus

import "mirrorwatch/exporters/internal/series"

// Config says what /metrics gives beside the fleet's counts and the agent's own metrics, which are always there.
type Config struct {
	Links         series.Which `koanf:"links"`          // all, or unhealthy: those that have series of their own
	ExporterNames bool         `koanf:"exporter_names"` // links under the names of prometheus-nats-exporter too
}

// Default returns every link, under our own names.
func Default() Config { return Config{Links: series.All} }

// Validate reports every problem with the path of its key.
func (c *Config) Validate(report func(path, problem string)) { c.Links.Validate("links", report) }
