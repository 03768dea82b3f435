package agent

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
)

// logTelemetry takes what the OpenTelemetry SDK says into the log. It knows one handler and one logger a process, which write text to
// standard error otherwise.
func logTelemetry(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if !repeatsEnvironment(err) {
			log.Warn("opentelemetry", "error", err)
		}
	}))
	otel.SetLogger(logr.New(sdkLog{log}))
}

// repeatsEnvironment tells whether an error shows what stands in OTEL_RESOURCE_ATTRIBUTES, of which the notes on the configuration say
// what is not understood, or in OTEL_TRACES_SAMPLER and its argument, which do not count.
func repeatsEnvironment(err error) bool {
	if _, attribute := err.(url.EscapeError); attribute { // not a wrapped one, which is somebody else's
		return true
	}
	return errors.Is(err, resource.ErrPartialResource) ||
		strings.HasPrefix(err.Error(), "unsupported sampler: ") || strings.HasPrefix(err.Error(), "parsing sampler argument: ")
}

// sdkLog is a logr.LogSink that takes errors only. The SDK's exporters log those of the OTEL_EXPORTER_OTLP_* variables, and no others.
// Of them it takes what was done: the values beside that, and the error itself, repeat headers and endpoints as they stand there,
// secrets and all. Where these count, config check tells what is wrong.
type sdkLog struct{ log *slog.Logger }

func (sdkLog) Init(logr.RuntimeInfo)            {}
func (sdkLog) Enabled(int) bool                 { return false }
func (sdkLog) Info(int, string, ...any)         {}
func (s sdkLog) WithValues(...any) logr.LogSink { return s }
func (s sdkLog) WithName(string) logr.LogSink   { return s }
func (s sdkLog) Error(_ error, did string, _ ...any) {
	s.log.Warn("opentelemetry", "error", did+", of the OTEL_EXPORTER_OTLP_* environment")
}
