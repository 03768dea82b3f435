package main

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"mirrorwatch/agent/internal/measure"
)

// Who connects to the server. Nobody has a password: it listens on loopback only.
const (
	userFleet  = "fleet"
	userWhole  = "whole"  // may do everything in the account
	userRounds = "rounds" // may not ask about origins, which leaves the rounds
	userSystem = "system"
	password   = "scale"
)

const serverConfig = `
listen: "127.0.0.1:%d"
server_name: scale-server
max_payload: 64MB
accounts {
  SYS: {users: [{user: system, password: scale}]}
  APP: {
    jetstream: %s
    users: [
      {user: fleet, password: scale}
      {user: whole, password: scale}
      {user: rounds, password: scale, permissions: {publish: {deny: "` + originPrefix + `.>"}, subscribe: ">"}}
    ]
  }
}
system_account: SYS
%s
`

// serverPart is a NATS server in a process of its own; with a store, it has JetStream.
type serverPart struct {
	Port  int    `help:"Where to listen." default:"-1"`
	Store string `help:"JetStream's directory."`
}

// Run serves until stdin ends.
func (c *serverPart) Run(io *measure.Console) error {
	running, err := startServer(c.Port, c.Store)
	if err != nil {
		return err
	}
	defer func() {
		running.Shutdown()
		running.WaitForShutdown()
	}()
	return measure.Obey(io.In, io.Out, running.ClientURL(), func(o *measure.Order) (any, error) {
		switch o.Do {
		case "traffic":
			return trafficOf(running)
		case "cut": // the agent's connections
			return nil, disconnect(running, agentName)
		}
		return nil, errors.New("it is no order of a server")
	})
}

func startServer(port int, store string) (*server.Server, error) {
	jetStream, account := "", "disabled"
	if store != "" {
		jetStream, account = fmt.Sprintf("jetstream: {store_dir: %q}", store), "enabled"
	}
	return measure.StartServer(fmt.Appendf(nil, serverConfig, port, account, jetStream))
}

// traffic is what a connection brought to and fro: messages and their bytes.
type traffic struct {
	Name               string `json:"name"`
	Questions, Answers int64
	Bytes              int64 // of answers
}

// trafficOf tells of all connections, those that were closed too.
func trafficOf(running *server.Server) ([]traffic, error) {
	connz, err := running.Connz(&server.ConnzOptions{State: server.ConnAll, Limit: 1000})
	if err != nil {
		return nil, err
	}
	all := make([]traffic, len(connz.Conns))
	for k, c := range connz.Conns {
		all[k] = traffic{Name: c.Name, Questions: c.InMsgs, Answers: c.OutMsgs, Bytes: c.OutBytes}
	}
	return all, nil
}

// disconnect closes all connections of a name.
func disconnect(running *server.Server, name string) error {
	connz, err := running.Connz(&server.ConnzOptions{Limit: 1000})
	if err != nil {
		return err
	}
	for _, c := range connz.Conns {
		if c.Name != name {
			continue
		}
		if err := running.DisconnectClientByID(c.Cid); err != nil {
			return fmt.Errorf("disconnect %s: %w", name, err)
		}
	}
	return nil
}

// trafficNamed asks a server part for what connections of a name brought so far.
func trafficNamed(from *measure.Part, name string) (t traffic, err error) {
	var all []traffic
	if err := from.Ask(measure.Order{Do: "traffic"}, &all); err != nil {
		return t, err
	}
	for _, one := range all {
		if one.Name == name {
			t.Questions, t.Answers, t.Bytes = t.Questions+one.Questions, t.Answers+one.Answers, t.Bytes+one.Bytes
		}
	}
	return t, nil
}

// connect connects as one of the users, under a name that traffic is counted by.
func connect(url, user, name string) (*nats.Conn, error) {
	nc, err := nats.Connect(url, nats.Name(name), nats.UserInfo(user, password), nats.MaxReconnects(-1))
	if err != nil {
		return nil, fmt.Errorf("connect as %s: %w", user, err)
	}
	return nc, nil
}
