package otlpconn

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// Resource describes this agent, for every signal alike. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over what is said
// here. The instance is the host's name, a pod's in Kubernetes: it is kept over restarts, so that series go on. Where the
// environment is not wholly understood, the error is a resource.ErrPartialResource, and there is a resource all the same.
func Resource(ctx context.Context, version string) (*resource.Resource, error) {
	attributes := []attribute.KeyValue{attribute.String("service.name", "mirrorwatch")}
	if version != "" {
		attributes = append(attributes, attribute.String("service.version", version))
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		attributes = append(attributes, attribute.String("service.instance.id", host))
	}
	res, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attributes...), resource.WithFromEnv())
	if err != nil {
		err = fmt.Errorf("describe resource: %w", err)
	}
	return res, err
}
