package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// newResource describes this agent. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over what is said here. The
// instance is the host's name, a pod's in Kubernetes: it is kept over restarts, so that series go on.
func newResource(ctx context.Context, version string, log *slog.Logger) (*resource.Resource, error) {
	attributes := []attribute.KeyValue{attribute.String("service.name", "mirrorwatch")}
	if version != "" {
		attributes = append(attributes, attribute.String("service.version", version))
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		attributes = append(attributes, attribute.String("service.instance.id", host))
	}
	res, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attributes...), resource.WithFromEnv())
	if errors.Is(err, resource.ErrPartialResource) && res != nil {
		log.WarnContext(ctx, "resource attributes of the environment not wholly understood", "error", err)
		return res, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe resource: %w", err)
	}
	return res, nil
}
