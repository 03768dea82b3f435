// Command mirrorwatch watches JetStream mirrors and sources. See mirrorwatch --help.
package main

import (
	"os"
	_ "time/tzdata" // for maintenance windows where the machine has no zones

	"mirrorwatch/agent"
)

func main() {
	os.Exit(agent.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
