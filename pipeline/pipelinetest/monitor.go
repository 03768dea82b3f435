package pipelinetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// monitorTimeout bounds each question about a server's state; a frozen one answers none.
const monitorTimeout = time.Second

// leafnodes is the number of leafnode connections that the server sees; 0 where it does not answer.
func (s *Server) leafnodes() int {
	if embedded := s.NATS(); embedded != nil {
		return embedded.NumLeafNodes()
	}
	var leafz server.Leafz
	if err := s.monitor("LEAFZ", &leafz); err != nil {
		return 0
	}
	return leafz.NumLeafs
}

// gateways is the number of gateway connections that the server made, and that it took; 0 where it does not answer.
func (s *Server) gateways() (out, in int) {
	var gatewayz server.Gatewayz
	if err := s.monitor("GATEWAYZ", &gatewayz); err != nil {
		return 0, 0
	}
	for _, connections := range gatewayz.InboundGateways {
		in += len(connections)
	}
	return len(gatewayz.OutboundGateways), in
}

// monitor asks the server, over its system account, for one of its monitoring documents: "JSZ", "LEAFZ".
func (s *Server) monitor(what string, data any) error {
	if !s.Answers() {
		return errors.New("does not answer")
	}
	nc, err := nats.Connect(s.URL(), nats.UserInfo(SystemUser, SystemPassword), nats.Timeout(monitorTimeout),
		nats.NoReconnect(), nats.IgnoreDiscoveredServers())
	if err != nil {
		return fmt.Errorf("connect to system account of %s: %w", s.Name(), err)
	}
	defer nc.Close()
	subject := fmt.Sprintf("$SYS.REQ.SERVER.%s.%s", nc.ConnectedServerId(), what)
	answer, err := nc.Request(subject, nil, monitorTimeout)
	if err != nil {
		return fmt.Errorf("ask %s for %s: %w", s.Name(), what, err)
	}
	document := struct{ Data any }{data}
	if err := json.Unmarshal(answer.Data, &document); err != nil {
		return fmt.Errorf("decode %s of %s: %w", what, s.Name(), err)
	}
	return nil
}
