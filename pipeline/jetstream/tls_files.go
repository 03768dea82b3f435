package jetstream

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// read reads the certificates: ours with its key, and the authorities that a server's is held against.
func (t TLS) read(id *identity) error {
	if t.CertFile != "" {
		cert, err := readFile("tls.cert_file", t.CertFile)
		if err != nil {
			return err
		}
		key, err := readFile("tls.key_file", t.KeyFile)
		if err != nil {
			return err
		}
		if id.certificate, err = tls.X509KeyPair(cert, key); err != nil {
			return fmt.Errorf("read tls.cert_file and tls.key_file: %w", err)
		}
	}
	if t.CAFile != "" {
		text, err := readFile("tls.ca_file", t.CAFile)
		if err != nil {
			return err
		}
		id.authorities = x509.NewCertPool()
		if !id.authorities.AppendCertsFromPEM(text) {
			return fmt.Errorf("read tls.ca_file: %s has no PEM certificate", t.CAFile)
		}
	}
	return nil
}
