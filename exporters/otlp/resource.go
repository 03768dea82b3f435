package otlp

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel/sdk/resource"

	"mirrorwatch/exporters/internal/otlpconn"
)

// newResource describes this agent, and tells of what the environment says in vain.
func newResource(ctx context.Context, version string, log *slog.Logger) (*resource.Resource, error) {
	res, err := otlpconn.Resource(ctx, version)
	if errors.Is(err, resource.ErrPartialResource) && res != nil {
		log.WarnContext(ctx, "resource attributes of the environment not wholly understood", "error", err)
		return res, nil
	}
	return res, err
}
