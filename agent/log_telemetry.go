package agent

import (
	"log/slog"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
)

// logTelemetry takes what the OpenTelemetry SDK says into the log. It knows one handler and one logger a process, which write text to
// standard error otherwise.
func logTelemetry(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("opentelemetry", "error", err) }))
	otel.SetLogger(logr.New(sdkLog{log}))
}

// sdkLog is a logr.LogSink that takes errors only, and of them only what was done: the values beside that, and the error itself,
// repeat headers and endpoints of the environment as they stand there, secrets and all. Where these count, config check tells what is wrong.
type sdkLog struct{ log *slog.Logger }

func (sdkLog) Init(logr.RuntimeInfo)                 {}
func (sdkLog) Enabled(int) bool                      { return false }
func (sdkLog) Info(int, string, ...any)              {}
func (s sdkLog) Error(_ error, did string, _ ...any) { s.log.Warn("opentelemetry", "error", did) }
func (s sdkLog) WithValues(...any) logr.LogSink      { return s }
func (s sdkLog) WithName(string) logr.LogSink        { return s }
