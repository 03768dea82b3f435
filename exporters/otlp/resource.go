package otlp

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/sdk/resource"

	"mirrorwatch/exporters/internal/otlpconn"
)

// newResource describes this agent. Of an environment that is not wholly understood it takes what is; the rest, which may be a
// secret, is told by nobody here.
func newResource(ctx context.Context, version string) (*resource.Resource, error) {
	res, err := otlpconn.Resource(ctx, version)
	if errors.Is(err, resource.ErrPartialResource) && res != nil {
		return res, nil
	}
	return res, err
}
