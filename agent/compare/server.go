package main

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorwatch/agent/internal/measure"
)

const serverConfig = `
listen: "127.0.0.1:%d"
server_name: %q
jetstream: {store_dir: %q, domain: %q}
leafnodes: %s
max_closed_clients: %d
`

// serverPart is a NATS server with JetStream in a process of its own. The near one has the mirrors; the far one has an origin, and
// comes to the near one as a leafnode.
type serverPart struct {
	Name   string `help:"Its name, and its JetStream domain's." required:""`
	Store  string `help:"JetStream's directory." required:""`
	Port   int    `help:"Where to listen." default:"-1"`
	Remote string `help:"URL of the server whose leafnode it is."`
}

// addresses is a server's hello.
type addresses struct {
	Port int
	URL  string
	Leaf string // where it takes leafnodes; empty: it does not
}

// Run serves until stdin ends.
func (c *serverPart) Run(io *measure.Console) error {
	running, at, err := c.start()
	if err != nil {
		return err
	}
	defer func() {
		running.Shutdown()
		running.WaitForShutdown()
	}()
	return measure.Obey(io.In, io.Out, at, func(o *measure.Order) (any, error) {
		if o.Do != "traffic" {
			return nil, errors.New("it is no order of a server")
		}
		return trafficOf(running)
	})
}

func (c *serverPart) start() (*server.Server, *addresses, error) {
	leafnodes := `{listen: "127.0.0.1:-1"}`
	if c.Remote != "" {
		leafnodes = fmt.Sprintf("{remotes: [{url: %q}], reconnect: 1}", c.Remote)
	}
	running, err := measure.StartServer(fmt.Appendf(nil, serverConfig, c.Port, c.Name, c.Store, c.Name, leafnodes, mostConnections))
	if err != nil {
		return nil, nil, err
	}
	varz, err := running.Varz(nil)
	if err != nil {
		running.Shutdown()
		return nil, nil, err
	}
	at := &addresses{Port: varz.Port, URL: running.ClientURL()}
	if c.Remote == "" {
		at.Leaf = fmt.Sprintf("nats://127.0.0.1:%d", varz.LeafNode.Port)
	}
	return running, at, nil
}

// mostConnections is more than ever come: a tool that is a process a stream has one for each.
const mostConnections = 100_000

// trafficOf is how many bytes of messages clients sent and got so far, without the protocol around them.
func trafficOf(running *server.Server) (bytes int64, err error) {
	connz, err := running.Connz(&server.ConnzOptions{State: server.ConnAll, Limit: mostConnections})
	if err != nil {
		return 0, err
	}
	for _, c := range connz.Conns {
		bytes += c.InBytes + c.OutBytes
	}
	return bytes, nil
}
