package otlp

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"mirrorwatch/exporters/internal/otlpconn"
)

// disabled tells whether OTEL_SDK_DISABLED switches everything off.
func disabled(ctx context.Context, log *slog.Logger) bool {
	switch text := strings.TrimSpace(os.Getenv("OTEL_SDK_DISABLED")); strings.ToLower(text) {
	case "true":
		log.InfoContext(ctx, "OTEL_SDK_DISABLED is true: no metrics are exported")
		return true
	case "", "false":
	default:
		log.WarnContext(ctx, "OTEL_SDK_DISABLED is neither true nor false: taken for false", "value", text)
	}
	return false
}

// without tells whether OTEL_METRICS_EXPORTER or OTEL_TRACES_EXPORTER switches a signal off. What else they may name is for
// programs that have no configuration.
func without(ctx context.Context, signal otlpconn.Signal, log *slog.Logger) bool {
	name := "OTEL_" + strings.ToUpper(string(signal)) + "_EXPORTER"
	if strings.TrimSpace(os.Getenv(name)) != "none" {
		return false
	}
	log.InfoContext(ctx, name+" is none: no "+string(signal)+" are exported")
	return true
}
