package jetstream

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
)

func TestValidateTellsAllProblems(t *testing.T) {
	secret := pipeline.NewSecret("hunter2")
	for name, c := range map[string]struct {
		config Config
		want   []string
	}{
		"good":    {Config{Name: "dr", URL: "nats://a:4222, b", Streams: Streams{Include: []string{"P*"}}}, nil},
		"context": {Config{Name: "dr", Context: "prod"}, nil},
		"nothing": {Config{}, []string{"name: a connection needs a name", "url: a connection needs a url, a url_file or a context"}},
		"urls": {
			Config{Name: "dr", URL: "nats://u:hunter2@h:99999,http://h,ws://h,nats://:4222,nats://u:hunter2@[h"},
			[]string{
				`url: "nats://<secret>@h:99999": its port is no number from 1 to 65535`,
				`url: "http://h" has the scheme http; use nats, tls, ws or wss`,
				`url: "nats://:4222" has no host`,
				`url: "nats://<secret>@[h" is no URL; write nats://HOST:PORT`,
				`url: websocket URLs and others cannot be mixed`,
			},
		},
		"a password with a comma": {
			Config{Name: "dr", URL: "nats://u:hunter2,w@h:4222"},
			[]string{`url: "nats://<secret>" is no URL; write nats://HOST:PORT`},
		},
		"a password of digits with a comma": {
			Config{Name: "dr", URL: "nats://u:99999999,w@h:4222"},
			[]string{`url: "nats://<secret>": its port is no number from 1 to 65535`},
		},
		"two ways in": {
			Config{Name: "dr", URL: "h", User: "u", Password: secret, Token: secret, TokenFile: "f"},
			[]string{
				"token: more than one way to authenticate: user, token; give one",
				"token_file: give either token or token_file, not both",
			},
		},
		"a URL twice": {
			Config{Name: "dr", URL: "h", URLFile: "f"},
			[]string{"url_file: give either url or url_file, not both"},
		},
		"a URL in a file": {Config{Name: "dr", URLFile: "f"}, nil},
		"handshake first over websocket": {
			Config{Name: "dr", URL: "wss://h", TLS: TLS{HandshakeFirst: true}},
			[]string{"tls.handshake_first: handshake_first is not for websocket URLs: with wss TLS always comes first"},
		},
		"half a user": {Config{Name: "dr", URL: "h", User: "u"}, []string{"user: a user needs a password or a password_file"}},
		"half a key":  {Config{Name: "dr", URL: "h", TLS: TLS{KeyFile: "k"}}, []string{"tls: cert_file and key_file are needed together"}},
		"subjects": {
			Config{Name: "dr", URL: "h", Domain: "a.b", APIPrefix: "x..y", InboxPrefix: "_IN BOX"},
			[]string{
				"api_prefix: give either domain or api_prefix, not both",
				`domain: "a.b" is no JetStream domain: dots, wildcards and white space are not allowed`,
				`api_prefix: "x..y" is no subject prefix: it has an empty part`,
				`inbox_prefix: "_IN BOX" is no subject prefix: wildcards and white space are not allowed`,
			},
		},
		"globs": {
			Config{Name: "dr", URL: "h", Streams: Streams{Include: []string{"*", "A["}, Exclude: []string{""}}},
			[]string{
				`streams.include[1]: "A[" is no pattern: a [ has no ], or a \ stands last`,
				"streams.exclude[0]: an empty pattern matches nothing",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			c.config.Validate(func(path, problem string) { got = append(got, path+": "+problem) })
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigNeverShowsSecrets(t *testing.T) {
	c := Config{
		URL: "nats://u:hunter2@a,hunter2@b,nats://c", Password: pipeline.NewSecret("hunter2"), Token: pipeline.NewSecret("hunter2"),
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c, "url", c.URL)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%#v", c), fmt.Sprintf("%+v %q", c, c.URL), string(text), log.String()} {
		if strings.Contains(shown, "hunter2") {
			t.Error(shown)
		}
	}
	if got := c.URL.String(); got != "nats://<secret>@a,<secret>@b,nats://c" {
		t.Error(got)
	}
}

func TestContextOfTheCLI(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, ".config", "nats", "context")
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"prod": `{"description":"x","url":"nats://a","user":"u","password":"pw","creds":"","jetstream_domain":"hub",
			"cert":"~/c.pem","key":"/k.pem","ca":"/ca.pem","inbox_prefix":"_IN","tls_first":true,"color_scheme":""}`,
		"creds":  `{"creds":"~/u.creds"}`,
		"nsc":    `{"nsc":"nsc://o/a/u"}`,
		"broken": `{"url":5}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("taken", func(t *testing.T) {
		want := Config{
			Context: "prod", URL: "nats://a", User: "u", Password: pipeline.NewSecret("pw"), Domain: "hub", InboxPrefix: "_IN",
			TLS: TLS{CAFile: "/ca.pem", CertFile: filepath.Join(home, "c.pem"), KeyFile: "/k.pem", HandshakeFirst: true},
		}
		got, err := Config{Context: "prod"}.WithContext()
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(pipeline.Secret{})); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
	t.Run("configuration first", func(t *testing.T) {
		own := Config{
			Context: "prod", URL: "b", CredentialsFile: "/mine", APIPrefix: "X", InboxPrefix: "Y",
			TLS: TLS{CAFile: "/a", CertFile: "/b", KeyFile: "/c", HandshakeFirst: true},
		}
		got, err := own.WithContext()
		if diff := cmp.Diff(own, got, cmp.AllowUnexported(pipeline.Secret{})); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
	t.Run("a URL in a file is one", func(t *testing.T) {
		if got, err := (Config{Context: "prod", URLFile: "f"}).WithContext(); err != nil || got.URL != "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("home is expanded", func(t *testing.T) {
		got, err := Config{Context: "creds"}.WithContext()
		if err != nil || got.CredentialsFile != filepath.Join(home, "u.creds") || got.URL != "nats://127.0.0.1:4222" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	for name, want := range map[string]string{
		"none":    `read nats context "none": there is none in ` + dir + "; the contexts are: broken, creds, nsc, prod",
		"nsc":     `read nats context "nsc": it sets nsc, which is not supported`,
		"broken":  `read nats context "broken": json: cannot unmarshal number into Go struct field cliContext.url of type string`,
		"../prod": `read nats context "../prod": a context's name is no path`,
	} {
		if _, err := (Config{Context: name}).WithContext(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if _, err := (Config{Context: "prod"}).WithContext(); err == nil || !strings.HasSuffix(err.Error(), "there are no contexts") {
		t.Error(err)
	}
}
