package measure

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Console is what a command reads and writes.
type Console struct {
	Name string // the command's, which begins each line of Log
	In   io.Reader
	Out  io.Writer
	Log  io.Writer // what is under way, for people who wait
}

// Tell writes a line of the log.
func (c *Console) Tell(format string, args ...any) {
	fmt.Fprintf(c.Log, c.Name+": "+format+"\n", args...)
}

// Main is all that a measuring command does, and returns its exit code. Line is its commands and flags, as kong wants them; their
// Run gets a *Console, and a context that SIGINT and SIGTERM end. Where the command line is wrong, the process ends here.
func Main(name, description string, line any) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := &Console{Name: name, In: os.Stdin, Out: os.Stdout, Log: os.Stderr}
	parsed := kong.Parse(line,
		kong.Name(name), kong.Description(description), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c))
	if err := parsed.Run(); err != nil {
		c.Tell("%v", err)
		return 1
	}
	return 0
}
