package jetstream

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// maxReasons bounds the lines that one outage may log.
const maxReasons = 16

// client returns the client, or why there is none to ask; the error wraps pipeline.ErrDisconnected.
func (c *connection) client() (*nats.Conn, error) {
	if nc := c.nc.Load(); nc != nil && nc.IsConnected() {
		return nc, nil
	}
	return nil, c.down()
}

// down says that the connection is down, and why.
func (c *connection) down() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.life.Err() != nil:
		return fmt.Errorf("%w: closed", pipeline.ErrDisconnected)
	case c.reason == "":
		return fmt.Errorf("%w: connecting", pipeline.ErrDisconnected)
	}
	return fmt.Errorf("%w: %s", pipeline.ErrDisconnected, c.reason)
}

// connected is called by the client after each connect.
func (c *connection) connected(nc *nats.Conn) {
	server, cluster, address := nc.ConnectedServerName(), nc.ConnectedClusterName(), nc.ConnectedAddr()
	c.mu.Lock()
	c.nc.Store(nc)
	c.up, c.reason, c.told = true, "", nil
	c.log.Info("connected", "server", server, "cluster", cluster, "address", address)
	c.signal(pipeline.Signal{Kind: pipeline.SignalConnected, Reason: "connected to " + server})
	c.mu.Unlock()
	if c.greet != nil {
		c.greet(nc)
	}
}

// disconnected is called by the client when a connection was lost.
func (c *connection) disconnected(_ *nats.Conn, err error) {
	c.mu.Lock()
	c.up = false
	c.mu.Unlock()
	if err == nil {
		err = io.EOF
	}
	c.failed(err)
	c.asks.drop(c.down())
}

// failed notes why the connection is down. Each reason is told once in an outage. It is called under the client's
// locks too, so it calls no client.
func (c *connection) failed(err error) {
	if err == nil || errors.Is(err, nats.ErrPermissionViolation) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.up || c.life.Err() != nil || errors.Is(err, nats.ErrNoServers) && c.reason != "" {
		return
	}
	c.reason = c.explain(spoken(err))
	if c.told[c.reason] || len(c.told) >= maxReasons {
		return
	}
	if c.told == nil {
		c.told = map[string]bool{}
	}
	c.told[c.reason] = true
	c.log.Warn("not connected", "reason", c.reason)
	c.signal(pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: c.reason})
}

// explain puts a client's error into words that are the same at each attempt. The lock is held.
func (c *connection) explain(err error) string {
	var timeout net.Error
	var op *net.OpError
	switch {
	case c.unreadable != nil:
		return c.unreadable.Error()
	case errors.Is(err, nats.ErrNoInfoReceived):
		return c.address + " does not speak NATS"
	case errors.Is(err, io.EOF):
		return "the server closed the connection"
	case errors.As(err, &op) && op.Op != "dial" && errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, nats.ErrTLS):
		return c.address + " took the connection but does not answer as a NATS server"
	case errors.As(err, &op) && op.Addr != nil:
		return op.Op + " " + op.Addr.String() + ": " + op.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), "nats: ")
}

// reported is called by the client with errors that concern no single call.
func (c *connection) reported(_ *nats.Conn, _ *nats.Subscription, err error) {
	switch {
	case errors.Is(err, nats.ErrPermissionViolation):
		if c.asks.deny(err, c.inbox()) || c.refused != nil && c.refused(violated(err)) {
			return
		}
	case isAuth(err):
		c.failed(err)
		return
	}
	c.log.Warn("the server reports an error", "error", strings.TrimPrefix(err.Error(), "nats: "))
}

func isAuth(err error) bool {
	for _, auth := range []error{
		nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired,
	} {
		if errors.Is(err, auth) {
			return true
		}
	}
	return false
}

// inbox is what the subjects of answers begin with.
func (c *connection) inbox() string {
	return cmp.Or(c.config.InboxPrefix, strings.TrimSuffix(nats.InboxPrefix, "."))
}

// Room for signals that nobody has taken yet. The last places are kept from advisories: a storm of them pushes out no other.
const (
	signalRoom   = 256
	signalSpared = 16
)

// signal tells the ring, or drops the signal where nobody takes them. The lock is held, so that signals keep their order.
func (c *connection) signal(s pipeline.Signal) {
	if s.Kind == pipeline.SignalAdvisory && len(c.signals) >= signalRoom-signalSpared {
		return
	}
	select {
	case c.signals <- s:
	default:
	}
}
