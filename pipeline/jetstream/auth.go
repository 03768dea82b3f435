package jetstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// authOptions are the options that prove who we are. Files are read anew at each connect; note is told of a secret
// that cannot be read, and of nil once it can.
func (c Config) authOptions(note func(error)) ([]nats.Option, error) {
	reveal := func(key string, value pipeline.Secret, file string) string {
		text, err := value.Or(file).Reveal()
		if err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		}
		note(err)
		return text
	}
	switch {
	case c.CredentialsFile != "":
		if _, err := os.ReadFile(c.CredentialsFile); err != nil {
			return nil, fmt.Errorf("read credentials_file: %w", err)
		}
		return []nats.Option{nats.UserCredentials(c.CredentialsFile)}, nil
	case c.NkeyFile != "":
		option, err := nats.NkeyOptionFromSeed(c.NkeyFile)
		if err != nil {
			return nil, fmt.Errorf("read nkey_file: %w", err)
		}
		return []nats.Option{option}, nil
	case c.User != "":
		return []nats.Option{nats.UserInfoHandler(func() (string, string) {
			return c.User, reveal("password_file", c.Password, c.PasswordFile)
		})}, nil
	case !c.Token.IsZero() || c.TokenFile != "":
		return []nats.Option{nats.TokenHandler(func() string {
			return reveal("token_file", c.Token, c.TokenFile)
		})}, nil
	}
	return nil, nil
}

// options are the options of encryption. Files are read anew at each connect; they must be readable at the first.
func (t TLS) options() []nats.Option {
	var options []nats.Option
	var certificate nats.TLSCertHandler
	var authorities nats.RootCAsHandler
	if t.CertFile != "" {
		certificate = func() (tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
			if err != nil {
				return pair, fmt.Errorf("read tls.cert_file and tls.key_file: %w", err)
			}
			return pair, nil
		}
	}
	if t.CAFile != "" {
		authorities = func() (*x509.CertPool, error) {
			text, err := os.ReadFile(t.CAFile)
			if err != nil {
				return nil, fmt.Errorf("read tls.ca_file: %w", err)
			}
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(text) {
				return nil, errors.New("read tls.ca_file: " + t.CAFile + " has no PEM certificate")
			}
			return pool, nil
		}
	}
	if certificate != nil || authorities != nil {
		options = append(options, nats.ClientTLSConfig(certificate, authorities))
	}
	if t.HandshakeFirst {
		options = append(options, nats.TLSHandshakeFirst())
	}
	return options
}
