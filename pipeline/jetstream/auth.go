package jetstream

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nats-io/nkeys"
)

// identity is what one attempt to connect uses of the files of a configuration: each attempt reads all of them anew, once.
type identity struct {
	urls     URLs // of url_file; empty without
	password string
	token    string
	jwt      string
	nkey     string        // public key of nkey_file
	key      nkeys.KeyPair // signs for jwt or nkey, and is wiped then

	certificate tls.Certificate
	authorities *x509.CertPool
}

// identity reads the files. An error names the key, and holds nothing of what a file holds.
func (c Config) identity() (*identity, error) {
	id := &identity{}
	for _, read := range []func(*identity) error{c.readURLs, c.readPassword, c.readToken, c.readCredentials, c.readNkey, c.TLS.read} {
		if err := read(id); err != nil {
			return nil, err
		}
	}
	return id, nil
}

// readURLs reads url_file, and holds it against the rest as Validate does with a url.
func (c Config) readURLs(id *identity) error {
	if c.URLFile == "" {
		return nil
	}
	text, err := readText("url_file", c.URLFile)
	if err != nil {
		return err
	}
	c.URL, id.urls = URLs(text), URLs(text)
	var problems []string
	c.validateWay(func(_, problem string) { problems = append(problems, problem) })
	if len(problems) > 0 {
		return fmt.Errorf("read url_file: %s: %s", c.URLFile, strings.Join(problems, "; "))
	}
	return nil
}

func (c Config) readPassword(id *identity) (err error) {
	id.password, err = c.Password.Reveal()
	if c.PasswordFile != "" {
		id.password, err = readText("password_file", c.PasswordFile)
	}
	return err
}

func (c Config) readToken(id *identity) (err error) {
	id.token, err = c.Token.Reveal()
	if c.TokenFile != "" {
		id.token, err = readText("token_file", c.TokenFile)
	}
	return err
}

func (c Config) readCredentials(id *identity) error {
	if c.CredentialsFile == "" {
		return nil
	}
	text, err := readFile("credentials_file", c.CredentialsFile)
	if err != nil {
		return err
	}
	text = append(text, '\n') // which nkeys wants after the last line
	defer clear(text)
	jwt, err := nkeys.ParseDecoratedJWT(text)
	if err != nil || strings.Count(jwt, ".") != 2 || strings.ContainsAny(jwt, " \t\r\n") {
		return fmt.Errorf("read credentials_file: %s holds no user JWT", c.CredentialsFile)
	}
	if id.key, err = nkeys.ParseDecoratedUserNKey(text); err != nil {
		return fmt.Errorf("read credentials_file: %s holds no user seed", c.CredentialsFile)
	}
	id.jwt = jwt
	return nil
}

func (c Config) readNkey(id *identity) error {
	if c.NkeyFile == "" {
		return nil
	}
	text, err := readFile("nkey_file", c.NkeyFile)
	if err != nil {
		return err
	}
	defer clear(text)
	if id.key, err = nkeys.ParseDecoratedUserNKey(text); err == nil {
		id.nkey, err = id.key.PublicKey()
	}
	if err != nil {
		return fmt.Errorf("read nkey_file: %s holds no user seed", c.NkeyFile)
	}
	return nil
}

// sign answers a server's challenge, once.
func (id *identity) sign(nonce []byte) ([]byte, error) {
	if id.key == nil {
		return nil, errors.New("no key to sign with")
	}
	defer id.key.Wipe()
	return id.key.Sign(nonce)
}

// sameClient tells whether a client made with the one identity can go on with the other: it cannot change its URLs or its
// nkey.
func (id *identity) sameClient(other *identity) bool {
	return id.urls == other.urls && id.nkey == other.nkey
}

// readFile reads what a key names, without the white space around it.
func readFile(key, path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return nil, fmt.Errorf("read %s: %s is empty", key, path)
	}
	return text, nil
}

func readText(key, path string) (string, error) {
	text, err := readFile(key, path)
	return string(text), err
}
