package jetstream

import (
	"crypto/tls"
	"crypto/x509"
	"slices"

	"github.com/nats-io/nats.go"
)

// connect makes a client. It fails only where no attempt of it can succeed.
func (c *connection) connect(urls URLs, options []nats.Option, closed chan<- struct{}) (*nats.Conn, *dialer, error) {
	id, err := c.identify()
	if err != nil {
		return nil, nil, err
	}
	if id.urls != "" {
		urls = id.urls
	}
	d := &dialer{conn: c, made: id, renew: make(chan struct{}, 1)}
	options = slices.Concat(options, d.clientOptions(urls), []nats.Option{nats.ClosedHandler(func(*nats.Conn) { close(closed) })})
	nc, err := nats.Connect(urls.joined(), options...)
	return nc, d, err
}

// identify reads the files, and keeps what they hold for the attempt to connect that follows, or why they cannot be used.
func (c *connection) identify() (*identity, error) {
	id, err := c.config.identity()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unreadable = err
	if err != nil {
		return nil, err
	}
	if c.id != nil && c.id.key != nil {
		c.id.key.Wipe()
	}
	c.id = id
	return id, nil
}

// current is what the newest attempt to connect uses.
func (c *connection) current() *identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// authOptions are the options that prove who we are, all but the nkey, which a client cannot change.
func (c *connection) authOptions() []nats.Option {
	switch {
	case c.config.CredentialsFile != "":
		return []nats.Option{nats.UserJWT(
			func() (string, error) { return c.current().jwt, nil },
			func(nonce []byte) ([]byte, error) { return c.current().sign(nonce) },
		)}
	case c.config.User != "":
		return []nats.Option{nats.UserInfoHandler(func() (string, string) { return c.config.User, c.current().password })}
	case !c.config.Token.IsZero() || c.config.TokenFile != "":
		return []nats.Option{nats.TokenHandler(func() string { return c.current().token })}
	}
	return nil
}

// tlsOptions are the options of encryption.
func (c *connection) tlsOptions() []nats.Option {
	var options []nats.Option
	var certificate nats.TLSCertHandler
	var authorities nats.RootCAsHandler
	if c.config.TLS.CertFile != "" {
		certificate = func() (tls.Certificate, error) { return c.current().certificate, nil }
	}
	if c.config.TLS.CAFile != "" {
		authorities = func() (*x509.CertPool, error) { return c.current().authorities, nil }
	}
	if certificate != nil || authorities != nil {
		options = append(options, nats.ClientTLSConfig(certificate, authorities))
	}
	if c.config.TLS.HandshakeFirst {
		options = append(options, nats.TLSHandshakeFirst())
	}
	return options
}
