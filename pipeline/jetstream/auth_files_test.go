package jetstream

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
)

// Files that cannot be used are told by their key, and nothing is told of what they hold.
func TestUnusableFilesAreToldByKey(t *testing.T) {
	credentials, _ := newOperator(t).user(t, time.Time{})
	account, _ := newKey(t, nkeys.CreateAccount)
	jwt, _, _ := strings.Cut(credentials, "*****")
	for name, c := range map[string]struct {
		text   string
		config func(path string) Config
		want   string
	}{
		"no JWT": {"hunter2", func(p string) Config { return Config{CredentialsFile: p} }, "read credentials_file: PATH holds no user JWT"},
		"a seed for credentials": {
			seed(t, account), func(p string) Config { return Config{CredentialsFile: p} },
			"read credentials_file: PATH holds no user JWT",
		},
		"no seed": {jwt, func(p string) Config { return Config{CredentialsFile: p} }, "read credentials_file: PATH holds no user seed"},
		"an account's seed": {
			seed(t, account), func(p string) Config { return Config{NkeyFile: p} },
			"read nkey_file: PATH holds no user seed",
		},
		"an empty token": {" \n", func(p string) Config { return Config{TokenFile: p} }, "read token_file: PATH is empty"},
		"two users": {
			"nats://u:hunter2@h", func(p string) Config { return Config{URLFile: p, User: "v", PasswordFile: p} },
			"read url_file: PATH: more than one way to authenticate: url, user; give one",
		},
		"no URL": {
			"nats://u:hunter2@[h", func(p string) Config { return Config{URLFile: p} },
			`read url_file: PATH: "nats://<secret>@[h" is no URL; write nats://HOST:PORT`,
		},
		"handshake first over websocket": {
			"wss://h", func(p string) Config { return Config{URLFile: p, TLS: TLS{HandshakeFirst: true}} },
			"read url_file: PATH: handshake_first is not for websocket URLs: with wss TLS always comes first",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "secret", c.text)
			want := strings.ReplaceAll(c.want, "PATH", path)
			if _, err := c.config(path).identity(); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
