// Command check tries what deploy/ offers to look at against the real things: the alert rules and the dashboard's queries in a
// Prometheus that is fed by an agent which watches a link that breaks, over the agent's own page and, where there is one,
// through a Collector. docs/alerts.md says where to get the programs.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// options are the programs to try things with.
type options struct {
	Prometheus string `required:"" type:"existingfile" help:"The program prometheus."`
	Promtool   string `required:"" type:"existingfile" help:"The program promtool."`
	Collector  string `type:"existingfile" help:"An OpenTelemetry Collector that has what deploy/collector.yaml names; left out: only the agent's page is tried."`
	Dir        string `default:"deploy" type:"existingdir" help:"What is tried."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("check"), kong.Description(
		"Tries deploy/'s alert rules, dashboard and Collector configuration with a real agent whose link breaks. Takes four minutes. Run it from the repository's root."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := &check{options: o, out: os.Stdout, began: time.Now()}
	if err := c.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		stop()
		os.Exit(1)
	}
}

// check is one run.
type check struct {
	options
	out   io.Writer
	began time.Time
	ways  []*way
}

func (c *check) say(format string, args ...any) {
	fmt.Fprintf(c.out, "%6.1fs  %s\n", time.Since(c.began).Seconds(), fmt.Sprintf(format, args...))
}
