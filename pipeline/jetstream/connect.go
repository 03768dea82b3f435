package jetstream

import (
	"context"
	"log/slog"
	"slices"
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

	// Set before open, or nil. greet is called after each connect; refused tells whether the subject of a subscription that
	// the server refuses is of its own, and is then all that is said of it.
	greet   func(*nats.Conn)
	refused func(subject string) bool

	life  context.Context
	end   context.CancelFunc
	ended chan struct{}

	mu         sync.Mutex
	up         bool
	reason     string          // why it is down, once that is known
	told       map[string]bool // reasons logged since it was last up
	address    string          // dialled last with success
	config     Config
	id         *identity // of the newest attempt to connect
	unreadable error     // of a file of the configuration
	parting    error     // why the server is about to hang up
}

func newConnection(log *slog.Logger) *connection {
	c := &connection{log: log, signals: make(chan pipeline.Signal, signalRoom), ended: make(chan struct{})}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// options are the options of every client. It fails where a file of the configuration cannot be used.
func (c *connection) options(config Config) ([]nats.Option, error) {
	c.config = config
	if _, err := c.identify(); err != nil {
		return nil, err
	}
	options := []nats.Option{
		nats.Name(clientName),
		nats.Timeout(dialTimeout),
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
		nats.DisconnectErrHandler(c.parted),
		nats.ReconnectErrHandler(c.missed),
		nats.ErrorHandler(c.heard),
	}
	if config.InboxPrefix != "" {
		options = append(options, nats.CustomInboxPrefix(config.InboxPrefix))
	}
	return slices.Concat(options, c.authOptions(), c.tlsOptions()), nil
}

// open starts to connect, to the given URLs where no file holds them. It waits at most openTimeout, and fails only where no
// attempt can succeed.
func (c *connection) open(ctx context.Context, urls URLs, options []nats.Option) error {
	opened := make(chan error, 1)
	go c.keep(urls, options, opened)
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

// keep holds a client until close is called. One that gives up by itself, as it does on errors that it does not know, or
// that cannot go on with what the files hold now is replaced.
func (c *connection) keep(urls URLs, options []nats.Option, opened chan<- error) {
	defer close(c.ended)
	for first := true; c.life.Err() == nil; first = false {
		closed := make(chan struct{})
		nc, d, err := c.connect(urls, options, closed)
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
			if c.attend(nc, d.renew, closed) {
				continue
			}
		}
		select {
		case <-c.life.Done():
		case <-time.After(reconnectWait):
		}
	}
}

// attend waits for a client's end, and notes why its attempts to connect fail. It tells whether another is to take its
// place at once.
func (c *connection) attend(nc *nats.Conn, renew, closed <-chan struct{}) bool {
	attempts := nc.StatusChanged(nats.RECONNECTING)
	defer nc.RemoveStatusListener(attempts)
	for {
		select {
		case <-attempts:
			c.missed(nc, nc.LastError())
		case <-renew:
			nc.Close()
			<-closed
			return true
		case <-closed:
			return false
		case <-c.life.Done():
			nc.Close()
			<-closed
			return false
		}
	}
}

func (c *connection) close() {
	c.end()
	c.asks.drop(c.down())
	<-c.ended
}
