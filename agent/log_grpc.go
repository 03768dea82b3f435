package agent

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"google.golang.org/grpc/grpclog"
)

// logGRPC takes what gRPC says into the console's log, which is made before gRPC is used. It knows one logger a process, to be given
// before all else, and writes text to standard error otherwise.
func logGRPC(console *Console) { grpclog.SetLoggerV2(grpcLog{console}) }

// grpcLog is a grpclog.LoggerV2. What keeps a call from its end is told by who calls, once: gRPC's warnings come with each attempt to
// connect, so they are for those who debug.
type grpcLog struct{ console *Console }

const (
	grpcInfo    = slog.LevelDebug
	grpcWarning = slog.LevelDebug
	grpcError   = slog.LevelWarn
	grpcFatal   = slog.LevelError // gRPC ends the process then
)

func (g grpcLog) Info(said ...any)                    { g.log(grpcInfo, fmt.Sprint, said) }
func (g grpcLog) Infoln(said ...any)                  { g.log(grpcInfo, fmt.Sprintln, said) }
func (g grpcLog) Infof(format string, said ...any)    { g.log(grpcInfo, formatted(format), said) }
func (g grpcLog) Warning(said ...any)                 { g.log(grpcWarning, fmt.Sprint, said) }
func (g grpcLog) Warningln(said ...any)               { g.log(grpcWarning, fmt.Sprintln, said) }
func (g grpcLog) Warningf(format string, said ...any) { g.log(grpcWarning, formatted(format), said) }
func (g grpcLog) Error(said ...any)                   { g.log(grpcError, fmt.Sprint, said) }
func (g grpcLog) Errorln(said ...any)                 { g.log(grpcError, fmt.Sprintln, said) }
func (g grpcLog) Errorf(format string, said ...any)   { g.log(grpcError, formatted(format), said) }
func (g grpcLog) Fatal(said ...any)                   { g.log(grpcFatal, fmt.Sprint, said) }
func (g grpcLog) Fatalln(said ...any)                 { g.log(grpcFatal, fmt.Sprintln, said) }
func (g grpcLog) Fatalf(format string, said ...any)   { g.log(grpcFatal, formatted(format), said) }
func (grpcLog) V(level int) bool                      { return level <= 0 }

func (g grpcLog) log(level slog.Level, text func(...any) string, said []any) {
	ctx := context.Background()
	if log := g.console.Log; log != nil && log.Enabled(ctx, level) {
		log.Log(ctx, level, "grpc", "said", strings.TrimSpace(text(said...)))
	}
}

func formatted(format string) func(...any) string {
	return func(said ...any) string { return fmt.Sprintf(format, said...) }
}
