// Command scale measures what the agent costs and how fast it is, at sizes that no test has: a thousand, ten thousand and a
// hundred thousand links. It builds mirrorwatch, runs it as a process of its own against a NATS server whose streams exist in
// the answers of another process only, or against a server with real mirrors, and looks at it from outside. See docs/cost.md.
package main

import (
	"os"

	"mirrorwatch/agent/internal/measure"
)

const description = `Measures what mirrorwatch costs, and how late it tells of links that fail, at large sizes. Linux only. Run it from the
repository's root.`

// commandLine is every command and flag.
type commandLine struct {
	Cost   costCommand   `cmd:"" help:"Measure CPU, bytes and memory: of the agent, and of fetching the same pages alone."`
	Detect detectCommand `cmd:"" help:"Let many links fail at once, and measure how late each is told of."`
	Feed   feedCommand   `cmd:"" help:"Feed a real OpenTelemetry Collector, kill it for a minute, and see what it has at the end."`
	Soak   soakCommand   `cmd:"" help:"Run an agent on real mirrors for an hour in which things happen, and see whether what it holds grows."`
	Serve  serveCommand  `cmd:"" help:"Serve made-up streams until stdin ends, for measurements of one's own; takes orders on stdin."`
	Part   partCommands  `cmd:"" hidden:"" help:"The processes that the other commands start."`
}

// partCommands are what this binary does in the processes that it starts of itself, so that each has CPU time and memory of its own.
type partCommands struct {
	Server serverPart `cmd:""`
	Fleet  fleetPart  `cmd:""`
	Raw    rawPart    `cmd:""`
}

func main() {
	os.Exit(measure.Main("scale", description, &commandLine{}))
}
