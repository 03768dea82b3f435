package jetstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/nats-io/nats.go"
)

// heard is called by the client with errors that concern no single call. While it is not connected, they are why.
func (c *connection) heard(nc *nats.Conn, sub *nats.Subscription, err error) {
	c.mu.Lock()
	up := c.up
	err = spoken(err)
	if up && isAuth(err) {
		c.parting = err
	}
	c.mu.Unlock()
	if !up && !errors.Is(err, nats.ErrPermissionViolation) {
		c.missed(nc, err)
		return
	}
	c.reported(nc, sub, err)
}

// spoken gives an error of authentication as servers say it, which is how the client reports it elsewhere.
func spoken(err error) error {
	for known, words := range map[error]string{
		nats.ErrAuthorization:      "Authorization Violation",
		nats.ErrAuthExpired:        "User Authentication Expired",
		nats.ErrAuthRevoked:        "User Authentication Revoked",
		nats.ErrAccountAuthExpired: "Account Authentication Expired",
	} {
		if errors.Is(err, known) {
			return refusal{words, known}
		}
	}
	return err
}

// refusal is a server's no.
type refusal struct {
	words string
	known error
}

func (r refusal) Error() string { return r.words }
func (r refusal) Unwrap() error { return r.known }

// parted is called by the client when a connection was lost. A server that takes back its trust says so before it hangs up.
func (c *connection) parted(nc *nats.Conn, err error) {
	c.mu.Lock()
	if c.parting != nil {
		err, c.parting = c.parting, nil
	}
	c.mu.Unlock()
	c.disconnected(nc, err)
}

// missed is called when an attempt to connect failed.
func (c *connection) missed(_ *nats.Conn, err error) {
	if !errors.Is(err, errRenewed) {
		c.failed(hinted(err))
	}
}

// hinted adds the key that an error of TLS hangs on, where it is known.
func hinted(err error) error {
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var op *net.OpError
	key := ""
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		key = "tls.ca_file"
	case errors.As(err, &record):
		key = "tls.handshake_first"
	case errors.As(err, &op) && op.Op == "remote error" && strings.Contains(err.Error(), "certificate"):
		key = "tls.cert_file"
	default:
		return err
	}
	return fmt.Errorf("%w; see %s", err, key)
}
