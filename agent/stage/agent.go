package stage

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"mirrorwatch/agent"
)

// Agent is one that runs in this process.
type Agent struct {
	API string // its URL

	stop  func()
	ended chan error // what Run returned
}

// StartAgent runs an agent until ctx ends, or End, and returns once it serves HTTP.
func StartAgent(ctx context.Context, config *agent.Config, log *slog.Logger) (*Agent, error) {
	ctx, stop := context.WithCancel(ctx)
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, agent.Options{Config: config, Log: log, Listening: func(at net.Addr) { listening <- at }})
	}()
	select {
	case at := <-listening:
		return &Agent{API: "http://" + at.String(), stop: stop, ended: ended}, nil
	case err := <-ended:
		stop()
		return nil, fmt.Errorf("start the agent: %w", err)
	}
}

// End ends the agent, and returns what it has to say of that. It is called once.
func (a *Agent) End() error {
	a.stop()
	return <-a.ended
}
