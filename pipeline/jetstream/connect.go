package jetstream

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// How a connection is made and kept. A peer that went away without a word is noticed after two pings, 20 s.
const (
	clientName    = "mirrorwatch"
	dialTimeout   = 2 * time.Second // a server, and its greeting
	openTimeout   = 2 * time.Second // until Open returns, connected or not
	reconnectWait = time.Second
	reconnectPlus = 500 * time.Millisecond // jitter
	pingInterval  = 10 * time.Second
	pingsMissed   = 1
)

// connection keeps one NATS connection for ever, and knows why it is down.
type connection struct {
	log     *slog.Logger
	signals chan pipeline.Signal
	asks    asks
	nc      atomic.Pointer[nats.Conn]

	life  context.Context
	end   context.CancelFunc
	ended chan struct{}

	mu         sync.Mutex
	up         bool
	reason     string          // why it is down, once that is known
	told       map[string]bool // reasons logged since it was last up
	address    string          // dialled last with success
	unreadable error           // of a secret
}

func newConnection(log *slog.Logger) *connection {
	c := &connection{log: log, signals: make(chan pipeline.Signal, 16), ended: make(chan struct{})}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// options are the options of every attempt to connect.
func (c *connection) options(config Config) ([]nats.Option, error) {
	auth, err := config.authOptions(c.noteSecret)
	if err != nil {
		return nil, err
	}
	options := []nats.Option{
		nats.Name(clientName),
		nats.Timeout(dialTimeout),
		nats.SetCustomDialer(c),
		nats.SkipHostLookup(),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectPlus, reconnectPlus),
		nats.ReconnectBufSize(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsMissed),
		nats.ConnectHandler(c.connected),
		nats.ReconnectHandler(c.connected),
		nats.DisconnectErrHandler(c.disconnected),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { c.failed(err) }),
		nats.ErrorHandler(c.reported),
	}
	if config.InboxPrefix != "" {
		options = append(options, nats.CustomInboxPrefix(config.InboxPrefix))
	}
	options = append(options, auth...)
	return append(options, config.TLS.options()...), nil
}

// open starts to connect. It waits at most openTimeout, and fails only where no attempt can succeed.
func (c *connection) open(ctx context.Context, urls URLs, options []nats.Option) error {
	opened := make(chan error, 1)
	go c.keep(strings.Join(urls.list(), ","), options, opened)
	timer := time.NewTimer(openTimeout)
	defer timer.Stop()
	select {
	case err := <-opened:
		if err != nil {
			c.close()
		}
		return err
	case <-timer.C:
		return nil
	case <-ctx.Done():
		c.close()
		return context.Cause(ctx)
	}
}

// keep holds a client until close is called. A client gives up by itself only on errors that it does not know; a new
// one then takes its place.
func (c *connection) keep(urls string, options []nats.Option, opened chan<- error) {
	defer close(c.ended)
	for first := true; c.life.Err() == nil; first = false {
		closed := make(chan struct{})
		nc, err := nats.Connect(urls, append(options, nats.ClosedHandler(func(*nats.Conn) { close(closed) }))...)
		if first {
			opened <- err
			if err != nil {
				return
			}
		}
		if err != nil {
			c.failed(err)
		} else {
			c.nc.Store(nc)
			c.attend(nc, closed)
		}
		select {
		case <-c.life.Done():
		case <-time.After(reconnectWait):
		}
	}
}

// attend waits for a client's end, and notes why its attempts to connect fail.
func (c *connection) attend(nc *nats.Conn, closed <-chan struct{}) {
	attempts := nc.StatusChanged(nats.RECONNECTING)
	defer nc.RemoveStatusListener(attempts)
	for {
		select {
		case <-attempts:
			c.failed(nc.LastError())
		case <-closed:
			return
		case <-c.life.Done():
			nc.Close()
			<-closed
			return
		}
	}
}

func (c *connection) close() {
	c.end()
	c.asks.drop(c.down())
	<-c.ended
}

// Dial connects to one server. It notes the reason where it cannot, which the client would hide behind "no servers".
func (c *connection) Dial(network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(c.life, network, address)
	if err != nil {
		c.failed(err)
		return nil, err
	}
	c.mu.Lock()
	c.address = address
	c.mu.Unlock()
	return conn, nil
}

// noteSecret keeps why a secret cannot be read, or that it can.
func (c *connection) noteSecret(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unreadable = err
}
