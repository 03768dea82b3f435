package jetstream

import (
	"strings"
	"testing"
	"time"

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
	o := newOperator(t)
	srv := serve(t, o.configure)
	creds, _ := o.user(t, time.Time{})
	bare, _, _ := strings.Cut(creds[strings.Index(creds, "-----BEGIN USER"):], "\n\n")
	bare = creds[:strings.Index(creds, "*****")] + bare // without the words of nsc around it
	for _, text := range []string{creds, bare, strings.ReplaceAll(bare, "\n", "\r\n")} {
		proves(t, Config{URL: URLs(srv.ClientURL()), CredentialsFile: write(t, "user.creds", text)})
	}
}
