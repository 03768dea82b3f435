package jetstream

import (
	"errors"
	"net"
	"time"

	"github.com/nats-io/nats.go"
)

// errRenewed ends an attempt of a client that has to be replaced.
var errRenewed = errors.New("the way in has changed")

// dialer dials for one client. It reads the files of the configuration before each attempt, and asks for another client
// where this one cannot go on with what they hold.
type dialer struct {
	conn  *connection
	made  *identity     // what the client was made with
	renew chan struct{} // holds one
}

// clientOptions are the options of one client.
func (d *dialer) clientOptions(urls URLs) []nats.Option {
	options := []nats.Option{nats.SetCustomDialer(d)}
	if d.made.nkey != "" {
		options = append(options, nats.Nkey(d.made.nkey, func(nonce []byte) ([]byte, error) { return d.conn.current().sign(nonce) }))
	}
	if urls.isWeb() && urls.hasPath() {
		// The servers stand behind a proxy: the addresses that they tell of each other cannot be reached.
		options = append(options, nats.IgnoreDiscoveredServers())
	}
	return options
}

// Dial connects to one server. It notes the reason where it cannot, which the client would hide behind "no servers".
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	c := d.conn
	id, err := c.identify()
	if err != nil {
		c.failed(err)
		return nil, err
	}
	if !d.made.sameClient(id) {
		select {
		case d.renew <- struct{}{}:
		default:
		}
		return nil, errRenewed
	}
	dial := net.Dialer{Timeout: dialTimeout}
	conn, err := dial.DialContext(c.life, network, address)
	if err != nil {
		c.failed(err)
		return nil, err
	}
	// The client sets none for what comes first of a websocket, and takes this one away once it is connected.
	_ = conn.SetDeadline(time.Now().Add(dialTimeout))
	c.mu.Lock()
	c.address = address
	c.mu.Unlock()
	return conn, nil
}
