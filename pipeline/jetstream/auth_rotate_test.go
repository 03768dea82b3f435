package jetstream

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// mount is a directory of secrets as Kubernetes makes one: each file is a link through ..data, which is swapped.
type mount struct {
	dir    string
	swaps  int
	linked map[string]bool
}

func newMount(t *testing.T, files map[string]string) *mount {
	t.Helper()
	m := &mount{dir: t.TempDir(), linked: map[string]bool{}}
	m.swap(t, files)
	return m
}

func (m *mount) path(name string) string { return filepath.Join(m.dir, name) }

// swap puts other files in the place of all.
func (m *mount) swap(t *testing.T, files map[string]string) {
	t.Helper()
	m.swaps++
	version := fmt.Sprintf("..%d", m.swaps)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.Mkdir(m.path(version), 0o700))
	for name, text := range files {
		check(os.WriteFile(filepath.Join(m.dir, version, name), []byte(text), 0o600))
		if !m.linked[name] {
			check(os.Symlink(filepath.Join("..data", name), m.path(name)))
			m.linked[name] = true
		}
	}
	check(os.Symlink(version, m.path("..data_tmp")))
	check(os.Rename(m.path("..data_tmp"), m.path("..data")))
	check(os.RemoveAll(m.path(fmt.Sprintf("..%d", m.swaps-1))))
}

// trust is one way to authenticate: what a server asks for, and what the agent's file holds.
type trust struct {
	configure func(*server.Options)
	text      string
}

// TestRotatedFileIsUsedAtTheNextConnect lets a server trust another secret only. The agent is turned away, finds its file
// gone, and is back once the file holds the new one.
func TestRotatedFileIsUsedAtTheNextConnect(t *testing.T) {
	for key, way := range map[string]struct {
		make   func(t *testing.T, number int) trust
		config func(c *Config, path string)
	}{
		"password_file": {
			func(_ *testing.T, number int) trust {
				password := fmt.Sprint("hunter", number)
				return trust{func(o *server.Options) { o.Username, o.Password = "watch", password }, password + "\n"}
			},
			func(c *Config, path string) { c.User, c.PasswordFile = "watch", path },
		},
		"token_file": {
			func(_ *testing.T, number int) trust {
				token := fmt.Sprint("hunter", number)
				return trust{func(o *server.Options) { o.Authorization = token }, token + "\n"}
			},
			func(c *Config, path string) { c.TokenFile = path },
		},
		"nkey_file": {
			func(t *testing.T, _ int) trust {
				pair, public := newKey(t, nkeys.CreateUser)
				return trust{func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} }, seed(t, pair) + "\r\n"}
			},
			func(c *Config, path string) { c.NkeyFile = path },
		},
		"credentials_file": {
			func(t *testing.T, _ int) trust {
				o := newOperator(t)
				credentials, _ := o.user(t, time.Time{})
				return trust{o.configure, credentials}
			},
			func(c *Config, path string) { c.CredentialsFile = path },
		},
		"url_file": {
			func(_ *testing.T, number int) trust {
				password := fmt.Sprint("hunter", number)
				return trust{func(o *server.Options) { o.Username, o.Password = "watch", password }, "nats://watch:" + password + "@ADDRESS\n"}
			},
			func(c *Config, path string) { c.URL, c.URLFile = "", path },
		},
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			before, after := way.make(t, 1), way.make(t, 2)
			now := before
			srv := pipelinetest.StartServer(t, pipelinetest.ServerOptions{
				Name: "n1", Configure: func(o *server.Options) { now.configure(o) },
			})
			file := func(x trust) map[string]string {
				return map[string]string{"secret": strings.ReplaceAll(x.text, "ADDRESS", srv.Addr())}
			}
			secrets := newMount(t, file(before))
			// Two addresses of one server: a client tries both before it waits.
			c := Config{URL: URLs(srv.URL() + "," + strings.Replace(srv.URL(), "127.0.0.1", "localhost", 1))}
			way.config(&c, secrets.path("secret"))
			s, log := open(t, c)
			await(t, s, pipeline.SignalConnected, "n1")

			srv.Stop()
			now = after
			if err := srv.Start(); err != nil {
				t.Fatal(err)
			}
			await(t, s, pipeline.SignalDisconnected, "Authorization Violation")
			secrets.swap(t, nil)
			await(t, s, pipeline.SignalDisconnected, "read "+key+": open ")
			secrets.swap(t, map[string]string{"secret": "\n"})
			await(t, s, pipeline.SignalDisconnected, "read "+key+": "+secrets.path("secret")+" is empty")
			if _, err := look(t, s, "S"); err == nil || !strings.Contains(err.Error(), "read "+key) {
				t.Error(err)
			}
			secrets.swap(t, file(after))
			await(t, s, pipeline.SignalConnected, "n1")
			if _, err := look(t, s); err != nil {
				t.Error(err)
			}
			told := log.count("read "+key+": open") == 1 && log.count("is empty") == 1 && log.count("Authorization Violation") == 1
			if !told || log.count("hunter") > 0 || log.count("msg=connected") != 2 || log.count("has changed") > 0 {
				t.Errorf("log:\n%s", log.text.String())
			}
		})
	}
}

// The file that names the server may name another one.
func TestURLInAFileMayMove(t *testing.T) {
	t.Parallel()
	first := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n1"})
	second := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "n2"})
	file := write(t, "url", first.URL()+"\n")
	s, _ := open(t, Config{URLFile: file})
	await(t, s, pipeline.SignalConnected, "n1")
	if err := os.WriteFile(file, []byte("ftp://u:hunter2@h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first.Stop()
	await(t, s, pipeline.SignalDisconnected, "read url_file: "+file+`: "ftp://<secret>@h" has the scheme ftp`)
	if err := os.WriteFile(file, []byte(second.URL()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, s, pipeline.SignalConnected, "n2")
	if _, err := look(t, s); err != nil {
		t.Error(err)
	}
}
