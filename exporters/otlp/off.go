package otlp

import (
	"os"
	"strings"

	"mirrorwatch/exporters/internal/otlpconn"
)

// Disabled tells whether OTEL_SDK_DISABLED switches everything off.
func Disabled() bool {
	return strings.EqualFold(strings.TrimSpace(os.Getenv("OTEL_SDK_DISABLED")), "true")
}

// without tells whether OTEL_METRICS_EXPORTER or OTEL_TRACES_EXPORTER switches a signal off. What else they may name is for
// programs that have no configuration.
func without(signal otlpconn.Signal) bool {
	return strings.TrimSpace(os.Getenv("OTEL_"+strings.ToUpper(string(signal))+"_EXPORTER")) == "none"
}
