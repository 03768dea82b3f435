package pipelinetest

import (
	"fmt"
	"net"

	"github.com/nats-io/nats-server/v2/server"
)

// embedded is a server that runs in this process.
type embedded struct {
	server *server.Server
}

// startEmbedded runs a server in this process, and returns when it takes connections.
func startEmbedded(plan blueprint) (instance, ports, error) {
	name := plan.Options.Name
	opts, err := embeddedOptions(plan)
	if err != nil {
		return nil, ports{}, fmt.Errorf("configure server %s: %w", name, err)
	}
	running, err := server.NewServer(opts)
	if err != nil {
		return nil, ports{}, fmt.Errorf("make server %s: %w", name, err)
	}
	running.Start()
	e := &embedded{running}
	if !running.ReadyForConnections(startTimeout) {
		e.stop()
		return nil, ports{}, fmt.Errorf("start server %s: not ready after %s", name, startTimeout)
	}
	addr, ok := running.Addr().(*net.TCPAddr)
	if !ok {
		e.stop()
		return nil, ports{}, fmt.Errorf("start server %s: no listener", name)
	}
	return e, ports{Client: addr.Port, Leafnode: opts.LeafNode.Port}, nil
}

func embeddedOptions(plan blueprint) (*server.Options, error) {
	opts, err := plan.options()
	if err == nil && plan.Options.Configure != nil {
		plan.Options.Configure(opts)
	}
	return opts, err
}

func (e *embedded) reload(plan blueprint) error {
	opts, err := embeddedOptions(plan)
	if err != nil {
		return err
	}
	return e.server.ReloadOptions(opts)
}

func (e *embedded) stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}
