package otlp

import (
	"fmt"
	"os"
	"strings"
	"time"

	"mirrorwatch/exporters/internal/otlpconn"
	"mirrorwatch/exporters/internal/series"
)

// Config says where metrics go, and in which form. What is left out of the way there, and of the temporality, the OTEL_*
// environment gives.
type Config struct {
	otlpconn.Config `koanf:",squash"`

	Interval    time.Duration `koanf:"interval"`    // between exports
	Temporality Temporality   `koanf:"temporality"` // default cumulative
	Links       series.Which  `koanf:"links"`       // that have points of their own
	Traces      bool          `koanf:"traces"`      // of each round
}

// Temporality is a preference: whether counters tell their total, or what was added since the last accepted export.
type Temporality string

// The preferences that OpenTelemetry names. With LowMemory what the agent counts by itself is delta, and what it reads from
// elsewhere (links' counters, deliveries, the Go runtime) cumulative.
const (
	Cumulative Temporality = "cumulative"
	Delta      Temporality = "delta"
	LowMemory  Temporality = "lowmemory"
)

const temporalityVariable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"

// Default returns a Config in which only the endpoint is missing.
func Default() Config {
	return Config{Interval: 15 * time.Second, Links: series.All}
}

// Validate reports every problem with the path of its key. It reads the environment where the configuration leaves something to
// it, and the files of certificates.
func (c *Config) Validate(report func(path, problem string)) {
	c.Config.Validate(otlpconn.Metrics, report)
	if c.Interval < time.Second {
		report("interval", fmt.Sprintf("%s: want at least 1s", c.Interval))
	}
	if _, err := c.temporality(); err != nil {
		report("temporality", err.Error())
	}
	c.Links.Validate("links", report)
	if c.Traces {
		if _, err := c.Target(otlpconn.Traces); err != nil {
			if _, same := c.Target(otlpconn.Metrics); same == nil { // else it is told already
				report("traces", err.Error())
			}
		}
	}
}

// temporality returns the preference in force.
func (c *Config) temporality() (Temporality, error) {
	preference, name := c.Temporality, ""
	if preference == "" {
		preference = Temporality(strings.ToLower(strings.TrimSpace(os.Getenv(temporalityVariable))))
		name = temporalityVariable + ": "
	}
	switch preference {
	case "":
		return Cumulative, nil
	case Cumulative, Delta, LowMemory:
		return preference, nil
	}
	return "", fmt.Errorf("%s%q: want cumulative, delta or lowmemory", name, string(preference))
}
