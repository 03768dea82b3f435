package otlp

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"mirrorwatch/pipeline"
)

const (
	reconnectMax   = 10 * time.Second // gRPC's own is 120 s
	connectTimeout = 5 * time.Second
	// A Collector that vanished without a word is noticed after pingAfter + pingTimeout; the kernel takes 15 minutes.
	pingAfter   = 30 * time.Second
	pingTimeout = 5 * time.Second
)

// dial returns a client; it connects on first use. Retries are off: the next export has fresher data.
func dial(ctx context.Context, cfg *Config, version string, answers *answers) (*otlpmetricgrpc.Exporter, error) {
	u, err := cfg.endpoint()
	if err != nil {
		return nil, fmt.Errorf("read endpoint: %w", err)
	}
	options := []otlpmetricgrpc.Option{
		otlpmetricgrpc.WithEndpointURL(u.String()),
		otlpmetricgrpc.WithTimeout(cfg.Timeout),
		otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{Enabled: false}),
		otlpmetricgrpc.WithDialOption(
			grpc.WithUserAgent("mirrorwatch/"+version),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectMax},
				MinConnectTimeout: connectTimeout,
			}),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
			grpc.WithChainUnaryInterceptor(cfg.sendHeaders, answers.read),
		),
	}
	if os.Getenv("OTEL_EXPORTER_OTLP_COMPRESSION") == "" && os.Getenv("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION") == "" {
		options = append(options, otlpmetricgrpc.WithCompressor("gzip"))
	}
	switch {
	case u.Scheme == "http": // said outright, or a certificate in the environment would turn TLS on
		options = append(options, otlpmetricgrpc.WithTLSCredentials(insecure.NewCredentials()))
	case cfg.CAFile != "":
		roots, err := cfg.roots()
		if err != nil {
			return nil, err
		}
		secure := credentials.NewTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
		options = append(options, otlpmetricgrpc.WithTLSCredentials(secure))
	}
	client, err := otlpmetricgrpc.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("make OTLP client: %w", err)
	}
	return client, nil
}

// sendHeaders adds the configured headers, over those of the environment. Their files are read for each request.
func (c *Config) sendHeaders(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	headers, _ := metadata.FromOutgoingContext(ctx)
	headers = headers.Copy()
	for name, secret := range c.secrets() {
		value, err := secret.Reveal()
		if err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
		headers.Set(name, value)
	}
	return call(metadata.NewOutgoingContext(ctx, headers), method, req, reply, cc, opts...)
}

func (c *Config) secrets() map[string]pipeline.Secret {
	all := make(map[string]pipeline.Secret, len(c.Headers)+len(c.HeaderFiles))
	for name, secret := range c.Headers {
		all[name] = secret
	}
	for name, path := range c.HeaderFiles {
		all[name] = pipeline.SecretFile(path)
	}
	return all
}

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
	case codes.ResourceExhausted: // with details it asks for a pause (RetryInfo); without, the request was too large
		return len(status.Convert(err).Details()) > 0
	}
	return true
}
