package jetstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"mirrorwatch/pipeline"
)

// proves that a configuration connects and may list streams.
func proves(t *testing.T, c Config) {
	t.Helper()
	if _, err := look(t, connected(t, c)); err != nil {
		t.Error(err)
	}
}

func TestUserAndPassword(t *testing.T) {
	srv := serve(t, func(o *server.Options) { o.Username, o.Password = "watch", "pw" })
	url := URLs(srv.ClientURL())
	proves(t, Config{URL: url, User: "watch", Password: pipeline.NewSecret("pw")})
	proves(t, Config{URL: url, User: "watch", PasswordFile: write(t, "pw", "pw\n")})
	proves(t, Config{URL: URLs("nats://watch:pw@" + srv.Addr().String())})
}

func TestToken(t *testing.T) {
	srv := serve(t, func(o *server.Options) { o.Authorization = "t0ken" })
	url := URLs(srv.ClientURL())
	proves(t, Config{URL: url, Token: pipeline.NewSecret("t0ken")})
	proves(t, Config{URL: url, TokenFile: write(t, "token", "t0ken\n")})
}

func TestNkey(t *testing.T) {
	pair, public := newKey(t, nkeys.CreateUser)
	srv := serve(t, func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} })
	proves(t, Config{URL: URLs(srv.ClientURL()), NkeyFile: write(t, "user.nk", seed(t, pair))})
}

func TestCredentialsOfAnOperator(t *testing.T) {
	operator, _ := newKey(t, nkeys.CreateOperator)
	_, system := newKey(t, nkeys.CreateAccount)
	account, accountID := newKey(t, nkeys.CreateAccount)
	user, userID := newKey(t, nkeys.CreateUser)

	claims := jwt.NewAccountClaims(accountID)
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	resolver := &server.MemAccResolver{}
	for id, text := range map[string]string{
		system:    encode(t, jwt.NewAccountClaims(system), operator),
		accountID: encode(t, claims, operator),
	} {
		if err := resolver.Store(id, text); err != nil {
			t.Fatal(err)
		}
	}
	srv := serve(t, func(o *server.Options) {
		o.TrustedKeys = []string{publicOf(t, operator)}
		o.SystemAccount, o.AccountResolver = system, resolver
	})
	creds, err := jwt.FormatUserConfig(encode(t, jwt.NewUserClaims(userID), account), []byte(seed(t, user)))
	if err != nil {
		t.Fatal(err)
	}
	proves(t, Config{URL: URLs(srv.ClientURL()), CredentialsFile: write(t, "user.creds", string(creds))})
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	serverCert, serverKey := ca.issue(t, "server")
	certFile, keyFile := ca.issue(t, "client")
	pair, err := tls.X509KeyPair([]byte(serverCert), []byte(serverKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []bool{false, true} {
		srv := serve(t, func(o *server.Options) {
			o.TLS, o.TLSVerify, o.TLSHandshakeFirst = true, true, first
			o.TLSConfig = &tls.Config{
				Certificates: []tls.Certificate{pair}, ClientCAs: ca.pool(), ClientAuth: tls.RequireAndVerifyClientCert,
				MinVersion: tls.VersionTLS12,
			}
		})
		c := Config{URL: URLs(srv.Addr().String()), TLS: TLS{
			CAFile: write(t, "ca.pem", ca.pem), CertFile: write(t, "tls.crt", certFile), KeyFile: write(t, "tls.key", keyFile),
			HandshakeFirst: first,
		}}
		proves(t, c)
		c.TLS.CertFile, c.TLS.KeyFile = "", ""
		c.Name = "dr"
		s, _ := open(t, c)
		await(t, s, pipeline.SignalDisconnected, "")
	}
}

func newKey(t *testing.T, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
	t.Helper()
	pair, err := create()
	if err != nil {
		t.Fatal(err)
	}
	return pair, publicOf(t, pair)
}

func publicOf(t *testing.T, pair nkeys.KeyPair) string {
	t.Helper()
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func seed(t *testing.T, pair nkeys.KeyPair) string {
	t.Helper()
	text, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func encode(t *testing.T, claims jwt.Claims, signer nkeys.KeyPair) string {
	t.Helper()
	text, err := claims.Encode(signer)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// authority signs certificates of one test.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := certificate("authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert, block("CERTIFICATE", der)}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) issue(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate(name), a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", text)
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
