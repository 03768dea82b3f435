package jetstream

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"mirrorwatch/pipeline"
)

// credentialsOf makes a user of an account, and returns the path of its credentials.
func credentialsOf(t *testing.T, account nkeys.KeyPair) string {
	t.Helper()
	pair, id := newKey(t, nkeys.CreateUser)
	text, err := jwt.FormatUserConfig(encode(t, jwt.NewUserClaims(id), account), []byte(seed(t, pair)))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "user.creds")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAccountsOfAnOperatorAreKnownByTheirNames(t *testing.T) {
	trusted, public := newKey(t, nkeys.CreateOperator)
	resolver := &server.MemAccResolver{}
	account := func(name string, storage int64) (nkeys.KeyPair, string) {
		pair, id := newKey(t, nkeys.CreateAccount)
		claims := jwt.NewAccountClaims(id)
		claims.Name = name
		claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: storage, DiskStorage: storage, Streams: storage, Consumer: storage}
		if err := resolver.Store(id, encode(t, claims, trusted)); err != nil {
			t.Fatal(err)
		}
		return pair, id
	}
	system, systemID := account("SYS", 0)
	srv := serve(t, func(o *server.Options) {
		o.TrustedKeys, o.SystemAccount, o.AccountResolver = []string{public}, systemID, resolver
	})
	ids := map[string]bool{}
	for range 2 { // nothing keeps two accounts from having one name
		app, id := account("APP", -1)
		streams(t, client(t, srv, nats.UserCredentials(credentialsOf(t, app))), 1, 1)
		ids[id] = true
	}

	s, _ := openSystem(t, srv.ClientURL(), Config{CredentialsFile: credentialsOf(t, system)})
	all := round(t, s)
	if len(all) != 4 || all["APP/M000"] == nil {
		t.Fatalf("%d samples", len(all))
	}
	for _, x := range all {
		if account := x.Key.Account; account != "APP" && !ids[account] {
			t.Errorf("account %q", account)
		}
		if one := single(t, s, x.Key.Account, x.Key.Stream); one.Fault.Kind != "" || !one.Created.Equal(x.Created) {
			t.Errorf("%v: %+v", x.Key, one)
		}
	}
	if gone := single(t, s, "APP", "GONE"); gone.Fault.Kind != pipeline.FaultNotFound {
		t.Errorf("%+v", gone.Fault)
	}
}
