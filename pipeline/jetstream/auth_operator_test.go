package jetstream

import (
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// operator runs servers whose users are JWTs, with one account that has JetStream.
type operator struct {
	keys     nkeys.KeyPair
	account  nkeys.KeyPair
	claims   *jwt.AccountClaims
	system   string
	resolver *server.MemAccResolver
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	o := &operator{resolver: &server.MemAccResolver{}}
	o.keys, _ = newKey(t, nkeys.CreateOperator)
	_, o.system = newKey(t, nkeys.CreateAccount)
	var id string
	o.account, id = newKey(t, nkeys.CreateAccount)
	o.claims = jwt.NewAccountClaims(id)
	o.claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	for id, text := range map[string]string{
		o.system: encode(t, jwt.NewAccountClaims(o.system), o.keys),
		id:       encode(t, o.claims, o.keys),
	} {
		if err := o.resolver.Store(id, text); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// configure makes a server trust the operator.
func (o *operator) configure(options *server.Options) {
	public, err := o.keys.PublicKey()
	if err != nil {
		panic(err)
	}
	options.TrustedKeys, options.SystemAccount, options.AccountResolver = []string{public}, o.system, o.resolver
}

// user makes a user of the account, with credentials that end at the given time, or never.
func (o *operator) user(t *testing.T, ends time.Time) (credentials, id string) {
	t.Helper()
	pair, id := newKey(t, nkeys.CreateUser)
	claims := jwt.NewUserClaims(id)
	if !ends.IsZero() {
		claims.Expires = ends.Unix()
	}
	text, err := jwt.FormatUserConfig(encode(t, claims, o.account), []byte(seed(t, pair)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), id
}

// revoke takes back what a user may do, on a server that runs.
func (o *operator) revoke(t *testing.T, srv *server.Server, user string) {
	t.Helper()
	account, err := srv.LookupAccount(o.claims.Subject)
	if err != nil {
		t.Fatal(err)
	}
	o.claims.Revoke(user)
	encode(t, o.claims, o.keys) // fills in what the server reads
	srv.UpdateAccountClaims(account, o.claims)
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
