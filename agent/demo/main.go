// Command demo tells mirrorwatch's story on one machine, with nothing installed but Go: two embedded NATS servers joined by
// a leafnode over a link that breaks, a mirror, the agent, and somebody who is paged.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	once := flag.Bool("once", false, "end after one story; exit 0 only if every expected change arrived, in order")
	verbose := flag.Bool("v", false, "show the agent's log too")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Tells mirrorwatch's story on embedded NATS servers: a real mirror dies, is reported, and recovers.")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Stdout, *once, *verbose)
	if err != nil && (*once || ctx.Err() == nil) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}
