package agent

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// heedHangups answers each SIGHUP, which would end the process, with a line of the log, until stop is called. There is
// no reload yet.
func heedHangups(log *slog.Logger) (stop func()) {
	hangups, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-hangups:
				log.Warn("SIGHUP: a changed configuration needs a restart (secrets in files are read again by themselves)")
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(done)
	}
}
