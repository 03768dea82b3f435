package otlpconn

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
)

// certificates are files that are read with each handshake, so that rotated ones are picked up without anybody being told.
type certificates struct {
	ca         string // empty: the system's
	cert, key  string // empty: we show none
	serverName string
}

// certificates reports files that cannot be read, and those that nobody would use.
func (c *Config) certificates(env environment, u *url.URL, report func(path, problem string)) certificates {
	files := certificates{ca: c.CAFile, cert: c.CertFile, key: c.KeyFile, serverName: c.ServerName}
	if u != nil && u.Scheme == "http" {
		for _, key := range []struct{ path, value string }{
			{"ca_file", c.CAFile}, {"cert_file", c.CertFile}, {"key_file", c.KeyFile}, {"server_name", c.ServerName},
		} {
			if key.value != "" {
				report(key.path, "is of no use with an http:// endpoint; write https://")
			}
		}
		return certificates{} // those of the environment are for other programs
	}
	of := map[string]string{} // the variable that names the file, by key
	if files.ca == "" {
		of["ca_file"], files.ca = env.get("CERTIFICATE")
	}
	if files.cert == "" && files.key == "" {
		of["cert_file"], files.cert = env.get("CLIENT_CERTIFICATE")
		of["key_file"], files.key = env.get("CLIENT_KEY")
	}
	if u != nil && files.serverName == "" {
		files.serverName = u.Hostname()
	}
	tell := func(path string, err error) {
		if err == nil {
			return
		}
		if name := of[path]; name != "" {
			err = fmt.Errorf("%s: %w", name, err)
		}
		report(path, err.Error())
	}
	if files.ca != "" {
		_, err := files.roots()
		tell("ca_file", err)
	}
	switch {
	case files.cert == "" && files.key != "":
		tell("key_file", fmt.Errorf("needs a certificate beside it"))
	case files.cert != "" && files.key == "":
		tell("cert_file", fmt.Errorf("needs a key beside it"))
	case files.cert != "":
		_, err := files.own()
		tell("cert_file", err)
	}
	return files
}

// roots reads whom to trust.
func (c *certificates) roots() (*x509.CertPool, error) {
	text, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read CA file: %s holds no PEM certificate", c.ca)
	}
	return pool, nil
}

// own reads what we show.
func (c *certificates) own() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("read certificate and key: %w", err)
	}
	return &pair, nil
}

// config returns how to shake hands.
func (c *certificates) config() *tls.Config {
	config := &tls.Config{ServerName: c.serverName, MinVersion: tls.VersionTLS12}
	if c.cert != "" {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.own() }
	}
	if c.ca != "" {
		config.InsecureSkipVerify = true // verify does it: RootCAs cannot change
		config.VerifyConnection = c.verify
	}
	return config
}

// verify does what crypto/tls does by default, with the CA file as it is now.
func (c *certificates) verify(state tls.ConnectionState) error {
	roots, err := c.roots()
	if err != nil {
		return err
	}
	chain := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		chain.AddCert(certificate)
	}
	_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: chain, DNSName: c.serverName})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}
