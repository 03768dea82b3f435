package agent

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/pipelinetest"
)

// A limit that cannot be read is a limit that is not in force: somebody hears of it, and of what to write instead.
func TestMetadataNotUnderstood(t *testing.T) {
	t.Parallel()
	values := map[string]struct{ value, advice string }{
		"MONTHS":   {"5M", `"M" is refused, a month is never meant; write "m" for minutes or "30d" for days`},
		"WORD":     {"abc5s", `not a duration; write seconds ("120") or a duration ("2m", "1h30m")`},
		"NEGATIVE": {"-5m", `a limit is never negative; write "0" to switch the check off`},
		"UNITLESS": {"1m30", `a unit is missing after 30; write 30s or 30m`},
		"SPACED":   {"120 s", `white space is not allowed; write "120" or "120s"`},
	}
	metadata := map[string]map[string]string{}
	for name, v := range values {
		metadata[name] = limits(v.value)
	}
	s, js := mirrors(t, metadata)
	p := startPager(t)
	watch(t, p, s)
	for name, v := range values {
		opened := p.awaitChange(t, soon, pipeline.Opened, "policy", name)
		want := fmt.Sprintf("io.nats.monitor.seen-critical: %q: %s", v.value, v.advice)
		if opened.Annotations["detail"] != want || opened.Labels["severity"] != "warning" {
			t.Errorf("%s: severity %s, got  %s\nwant %s", name, opened.Labels["severity"], opened.Annotations["detail"], want)
		}
	}
	for name := range values {
		pipelinetest.SetMetadata(t, js, name, limits("120s"))
	}
	for name := range values {
		p.awaitChange(t, soon, pipeline.Resolved, "policy", name)
		p.only(t, func(p *page) bool { return p.stream() == name }, pipeline.Opened, pipeline.Resolved)
	}
}

// What keeps a command from its work is one line on stderr.
func TestTroubleIsOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	locked := filepath.Join(dir, "locked")
	held, err := journal.Open(locked, noon())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	config := func(name, dataDir, address string) string {
		path := filepath.Join(dir, name+".yaml")
		text := fmt.Sprintf(`connections: [{name: live, url: "nats://127.0.0.1:1"}]
data_dir: %q
http: {address: %q}
exporters: {webhook: [{name: pager, url: "http://127.0.0.1:1"}]}
`, dataDir, address)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const anyPort = "127.0.0.1:0"
	for _, test := range []struct {
		name string
		args []string
		code int
		line string // regular expression
	}{
		{
			"data_dir below a file",
			[]string{"run", "--config", config("below", filepath.Join(file, "data"), anyPort)},
			1,
			`make data_dir: mkdir .*/file: not a directory`,
		},
		{
			"data_dir in use",
			[]string{"run", "--config", config("locked", locked, anyPort)},
			1,
			`another mirrorwatch already uses data_dir .*/locked`,
		},
		{
			"http.address in use",
			[]string{"run", "--config", config("taken", filepath.Join(dir, "data"), taken.Addr().String())},
			1,
			`open http\.address: listen tcp 127\.0\.0\.1:\d+: bind: address already in use`,
		},
		{
			"no configuration",
			[]string{"run", "--config", filepath.Join(dir, "none.yaml")},
			1,
			`read configuration: open .*/none\.yaml: no such file or directory`,
		},
		{
			"no configuration to check with",
			[]string{"check", "--config", filepath.Join(dir, "none.yaml")},
			3,
			`read configuration: open .*/none\.yaml: no such file or directory`,
		},
		{
			"no credentials file",
			[]string{"check", "--creds", filepath.Join(dir, "none.creds")},
			3,
			`open connection "nats": read credentials_file: open .*/none\.creds: no such file or directory`,
		},
		{
			"another scheme",
			[]string{"check", "--url", "http://127.0.0.1:4222"},
			3,
			`url: "http://127\.0\.0\.1:4222" has the scheme http; use nats, tls, ws or wss`,
		},
		{
			"nothing to record",
			[]string{"record", "--url", noNATS(t), "--out", filepath.Join(dir, "out.jsonl"), "--for", "5s"},
			1,
			`nothing was recorded, and no file is left: not connected: 127\.0\.0\.1:\d+ does not speak NATS`,
		},
		{
			"nothing to replay",
			[]string{"replay", file},
			1,
			`read recording: .*/file:1: the header is missing`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := invoke(t, append([]string{"--log-level", "error"}, test.args...)...)
			if want := `^mirrorwatch: ` + test.line + `\n$`; !regexp.MustCompile(want).MatchString(got.errors) {
				t.Errorf("stderr: got %q, want %s", got.errors, want)
			}
			if got.code != test.code || got.out != "" {
				t.Errorf("exit code %d, want %d; stdout %q", got.code, test.code, got.out)
			}
		})
	}
}

// A server that cannot be asked is one line of a check, and one line of the log of an agent, which tries on.
func TestServerThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, url, reason string
	}{
		{"no NATS", noNATS(t), `127\.0\.0\.1:\d+ does not speak NATS`},
		{"wrong credentials", strings.Replace(guarded(t), "nats://", "nats://watch:wrong-one@", 1), `Authorization Violation`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := invoke(t, "check", "--url", test.url, "--for", "4s")
			if want := `^unknown   nats: nothing can be seen: not connected: ` + test.reason + `\nUNKNOWN: no links seen, after watching for 4s\n$`; !regexp.MustCompile(want).MatchString(got.out) {
				t.Errorf("got  %s\nwant %s", got.out, want)
			}
			if got.code != 3 || got.errors != "" {
				t.Errorf("exit code %d, stderr %q", got.code, got.errors)
			}

			a := startAgent(t, startPager(t), jetstream.Config{URL: jetstream.URLs(test.url)})
			line := regexp.MustCompile(`(?m)^.*level=WARN msg="not connected" connection=live reason="?` + test.reason + `"?$`)
			pipelinetest.Eventually(t, soon, "the log tells why", func() bool { return line.MatchString(a.log.String()) })
			var connections struct{ Connections []pipeline.ConnectionStatus }
			pipelinetest.Eventually(t, soon, "/readyz tells why", func() bool {
				get(t, a.api+"/readyz", &connections)
				return len(connections.Connections) == 1 && regexp.MustCompile(test.reason).MatchString(connections.Connections[0].Reason)
			})
			a.stop()
			if log := a.log.String(); strings.Count(log, "level=WARN") != 1 || strings.Contains(log+got.out, "wrong-one") {
				t.Errorf("log:\n%s", log)
			}
		})
	}
}

// noNATS is the URL of a port where HTTP is spoken, by a server that talks first.
func noNATS(t testing.TB) string {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Listener = greeting{s.Listener}
	s.Start()
	t.Cleanup(s.Close)
	return "nats://" + s.Listener.Addr().String()
}

// greeting writes a line to each connection before anything is read from it.
type greeting struct{ net.Listener }

func (g greeting) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err == nil {
		_, _ = conn.Write([]byte("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"))
	}
	return conn, err
}

// guarded is the URL of a server that asks for a password.
func guarded(t testing.TB) string {
	return pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "guarded", Configure: func(o *server.Options) {
		o.Username, o.Password = "watch", "right-one"
	}}).URL()
}
