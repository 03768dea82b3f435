package main

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"mirrorwatch/agent/internal/measure"
)

// fleetFlags say what a fleet is like.
type fleetFlags struct {
	likeness
	System bool `help:"Answer the system account too, for scope: system."`
}

// args is the flags again.
func (c *fleetFlags) args() []string {
	return []string{
		fmt.Sprintf("--busy=%d", c.Busy), fmt.Sprintf("--cluster=%t", c.Cluster), fmt.Sprintf("--least=%s", c.Least), fmt.Sprintf("--most=%s", c.Most),
		fmt.Sprintf("--fail-least=%s", c.FailLeast), fmt.Sprintf("--fail-most=%s", c.FailMost), fmt.Sprintf("--system=%t", c.System),
	}
}

// fleetPart is a fleet in a process of its own.
type fleetPart struct {
	URL   string `required:""`
	Links int    `required:""`
	fleetFlags
}

// Run answers until stdin ends.
func (c *fleetPart) Run(io *measure.Console) error {
	f, err := serveFleet(c.URL, c.Links, &c.fleetFlags)
	if err != nil {
		return err
	}
	defer f.close()
	return measure.Obey(io.In, io.Out, f.hello(), f.do)
}

// serveFleet makes a fleet and answers for it on a server, to its account, and to the system account. It is to be closed.
func serveFleet(url string, links int, flags *fleetFlags) (f *fleet, err error) {
	if f, err = newFleet(links, &flags.likeness); err != nil {
		return nil, err
	}
	answering := map[string]func(*nats.Conn) error{userFleet: f.answerAll}
	if flags.System {
		answering[userSystem] = f.answerSystem
	}
	for user, answer := range answering {
		nc, err := connect(url, user, userFleet)
		if err == nil {
			f.conns = append(f.conns, nc)
			err = answer(nc)
		}
		if err != nil {
			f.close()
			return nil, err
		}
	}
	return f, nil
}

// close ends answering.
func (f *fleet) close() {
	for _, nc := range f.conns {
		nc.Close()
	}
}

// serveCommand is scale serve.
type serveCommand struct {
	Links int `default:"1000" help:"Links of all streams together: four in five are mirrors, the others sources."`
	Port  int `default:"4222" help:"Where to listen, on loopback."`
	fleetFlags
}

// Run serves until stdin or ctx ends.
func (c *serveCommand) Run(ctx context.Context, io *measure.Console) error {
	var url string
	running, err := measure.StartPart(ctx, &url, "server", fmt.Sprintf("--port=%d", c.Port))
	if err != nil {
		return err
	}
	defer running.End()
	f, err := serveFleet(url, c.Links, &c.fleetFlags)
	if err != nil {
		return err
	}
	defer f.close()
	io.Tell("%s; users %s, %s (may not ask about origins) and, for the system account, %s; everybody's password is %s", url, userWhole, userRounds, userSystem, password)
	io.Tell(`orders are lines as {"do": "cut", "streams": [0, 1]}: %s`, orders)
	ended := make(chan error, 1)
	go func() { ended <- measure.Obey(io.In, io.Out, f.hello(), f.do) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done(): // stdin may be a terminal, whose read nothing ends
		return nil
	}
}
