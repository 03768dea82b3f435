package otlp

import (
	"context"
	"sync"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mirrorwatch/exporters/internal/otlpconn"
)

// answers gathers what servers said beside OK. The client would turn it into an error of a hidden type, which
// looks as if the request could be sent again; so it is taken out of the answer here.
type answers struct {
	mu       sync.Mutex
	rejected int64 // data points
	message  string
}

func (a *answers) read(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := call(ctx, method, req, reply, cc, opts...)
	response, ok := reply.(*colmetricpb.ExportMetricsServiceResponse)
	if err != nil || !ok || response.GetPartialSuccess() == nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rejected += response.GetPartialSuccess().GetRejectedDataPoints()
	if message := response.GetPartialSuccess().GetErrorMessage(); message != "" {
		a.message = message
	}
	response.PartialSuccess = nil
	return nil
}

// take returns what was gathered since the last call.
func (a *answers) take() (rejected int64, message string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rejected, message = a.rejected, a.message
	a.rejected, a.message = 0, ""
	return rejected, message
}

// hopeless tells whether the export's further requests would fare no better than the one that failed with err.
// Only what the server says of that one request (too large, not understood) leaves the others a chance.
func hopeless(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.OutOfRange:
		return false
	case codes.ResourceExhausted: // without a word on when to come again the request was too large
		_, full := otlpconn.Pause(err)
		return full
	}
	return true
}
