// Package otlplog tells changes as OpenTelemetry log records, one event a change, to an OTLP endpoint.
package otlplog

import (
	"mirrorwatch/exporters/internal/otlpconn"
)

// MostIncidents is how many incidents' changes one batch tells of (pipeline.Receiver.Most): some 500 kB.
const MostIncidents = 250

// Config is one receiver of events. What is left out of the way there, the OTEL_EXPORTER_OTLP_* environment gives.
type Config struct {
	Name            string `koanf:"name"`
	otlpconn.Config `koanf:",squash"`
}

// Validate reports every problem with its path within the configuration. It reads the environment where the configuration
// leaves something to it, and the files of certificates.
func (c *Config) Validate(report func(path, problem string)) {
	if c.Name == "" {
		report("name", "is missing; routes and logs name a receiver by it")
	}
	c.Config.Validate(otlpconn.Logs, report)
}
