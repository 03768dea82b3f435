package agent

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	natsjs "github.com/nats-io/nats.go/jetstream"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// atOnce is a route that tells the pager of each incident by itself, without waiting.
const atOnce = "routes: [{receivers: pager, group_by: incident, group_wait: 0s, group_interval: 0s}]\n"

// watching is a configuration of one connection and one receiver, the pager.
func watching(t testing.TB, s *pipelinetest.Server, p *pager) string {
	t.Helper()
	return fmt.Sprintf(`interval: 1s
connections: [{name: live, url: %q}]
data_dir: %q
http: {address: "127.0.0.1:0"}
exporters: {webhook: [{name: pager, url: %q}]}
`, s.URL(), filepath.Join(t.TempDir(), "data"), p.server.URL) + atOnce
}

// few is a mirror that is in trouble until its origin has more than two messages.
func few(t testing.TB) (*pipelinetest.Server, natsjs.JetStream) {
	t.Helper()
	return mirrors(t, map[string]map[string]string{"MIRROR": {
		pipeline.MetadataPrefix + "msgs-critical": "2", pipeline.MetadataPrefix + "seen-critical": "60",
	}})
}

// publish ends the trouble.
func publish(t testing.TB, js natsjs.JetStream) {
	t.Helper()
	for range 3 {
		if _, err := js.Publish(t.Context(), "orders", nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHangupOfTheProcessReadsTheFileAgain(t *testing.T) {
	t.Parallel()
	s, p := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t)
	config, _ := configure(t, p, s)
	c := spawn(t, config)
	if err := c.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	pipelinetest.Eventually(t, soon, "the log says that nothing changed", func() bool {
		return strings.Contains(c.log.String(), "configuration is unchanged")
	})
	if err := c.end(syscall.SIGTERM); err != nil {
		t.Errorf("the end by SIGTERM: %v", err)
	}
}

// In the middle of an incident come a faulty file and a good one, which moves the receiver and replaces the ring: nothing is
// lost, nothing told twice, and the incident stays what it is.
func TestReloadInTheMiddleOfAnIncident(t *testing.T) {
	t.Parallel()
	s, js := few(t)
	p, moved := startPager(t), startPager(t)
	text := watching(t, s, p)
	a := runFile(t, text)
	opened := p.awaitChange(t, soon, pipeline.Opened, "messages", "MIRROR")

	a.mount(t, map[string]string{"config.yaml": text + "intervall: 5s\n"})
	faulty := p.awaitChange(t, soon, pipeline.Opened, pipeline.RuleConfig, "")
	if !strings.Contains(faulty.Annotations["detail"], "did you mean interval?") {
		t.Errorf("got %s", faulty)
	}
	if again := openIncidents(t, a.api); len(again) != 2 {
		t.Errorf("open incidents: %+v", again)
	}

	a.mount(t, map[string]string{"config.yaml": strings.ReplaceAll(text, p.server.URL, moved.server.URL) + "rules: {seen-default: {after: 7m}}\n"})
	mended := moved.awaitChange(t, soon, pipeline.Resolved, pipeline.RuleConfig, "")
	sameIncident(t, faulty, mended)
	a.says(t, 1, "configuration reloaded")
	publish(t, js)
	resolved := moved.awaitChange(t, soon, pipeline.Resolved, "messages", "MIRROR")
	sameIncident(t, opened, resolved)
	p.only(t, of("messages", "MIRROR"), pipeline.Opened)
	moved.only(t, of("messages", "MIRROR"), pipeline.Resolved)
	if strings.Count(a.log.String(), "configuration refused") != 1 || strings.Count(a.log.String(), "configuration reloaded") != 1 {
		t.Error("the log does not tell of one refusal and one reload")
	}
	for _, want := range []string{"receiver pager changed", "rules.seen-default"} {
		if !strings.Contains(a.log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if strings.Contains(a.log.String(), moved.server.URL) {
		t.Error("the log shows the receiver's address")
	}
}

// What its receiver refuses is told at the receiver's new address, under the same key, and not told again at the old one.
func TestReloadMovesWhatIsUndelivered(t *testing.T) {
	t.Parallel()
	s, js := few(t)
	p, moved := startPager(t), startPager(t)
	p.refuse(true)
	text := watching(t, s, p)
	a := runFile(t, text)
	refused := p.await(t, soon, "a refused page", func(p *page) bool { return p.Refused })
	a.mount(t, map[string]string{"config.yaml": strings.ReplaceAll(text, p.server.URL, moved.server.URL)})
	a.hangup()
	opened := moved.awaitChange(t, soon, pipeline.Opened, "messages", "MIRROR")
	sameIncident(t, refused, opened)
	if opened.Key != refused.Key {
		t.Errorf("told as %s, and before as %s", opened.Key, refused.Key)
	}
	publish(t, js)
	moved.awaitChange(t, soon, pipeline.Resolved, "messages", "MIRROR")
	moved.only(t, anyPage, pipeline.Opened, pipeline.Resolved)
}

// A ring that is replaced, over the same connection and over a new one, neither ends nor opens anything: a silent link stays what
// it is, a well one stays well.
func TestReloadWhileALinkIsSilentTellsNothing(t *testing.T) {
	t.Parallel()
	l, p := mirrored(t, limits("5")), startPager(t)
	js := l.Mirror.JetStream(t)
	pipelinetest.CreateStream(t, js, streamOf("NEAR"))
	pipelinetest.CreateMirror(t, js, "WELL", "NEAR", "", limits("5"))
	text := watching(t, l.Mirror, p)
	a := runFile(t, text)
	awaitProof(t, a.api, "MIRROR", "WELL")
	l.Link.Cut()
	opened := p.awaitChange(t, soon, pipeline.Opened, "seen", "MIRROR")
	for n, more := range []string{"rules: {lag: {hold: 1s}}\n", "rules: {lag: {hold: 1s}}\nlooks_per_second: 400\n"} {
		a.mount(t, map[string]string{"config.yaml": text + more})
		a.hangup()
		a.says(t, n+1, "configuration reloaded")
		if open := openIncidents(t, a.api); len(open) != n+1 || open[0].Incident != opened.incident() || !open[0].Opened.Equal(opened.Opened) {
			t.Errorf("open after the reload: %+v", open)
		}
		fence(t, p, l.Mirror)
	}
	awaitProof(t, a.api, "WELL")
	p.only(t, of("seen", "MIRROR"), pipeline.Opened)
	p.only(t, of("seen", "WELL"))
	if n := strings.Count(a.log.String(), "msg=connected"); n != 2 {
		t.Errorf("connected %d times: want once at the start, and once for looks_per_second", n)
	}
}

// signed is a receiver that keeps which of two secrets each request was signed with.
type signed struct {
	mu   sync.Mutex
	with []string
}

func (s *signed) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.with, " ")
}

// A rotated secret is used with the next request, though the configuration stays as it is.
func TestRotatedSecretIsUsedInTheMiddleOfAnIncident(t *testing.T) {
	t.Parallel()
	s, js := few(t)
	secrets := map[string]string{}
	for _, name := range []string{"old", "new"} {
		secrets[name] = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name+"-secret ", 3)))
	}
	r := &signed{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		with := "neither"
		for name, secret := range secrets {
			if hook, err := webhooks.NewWebhook(secret); err == nil && hook.Verify(body, request.Header) == nil {
				with = name
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.with = append(r.with, with)
	}))
	t.Cleanup(server.Close)
	p := startPager(t)
	a := &fileAgent{dir: t.TempDir()}
	a.mount(t, map[string]string{"key": secrets["old"]})
	text := watching(t, s, p)
	text = strings.Replace(text, fmt.Sprintf("url: %q}]}", p.server.URL), fmt.Sprintf("url: %q, signing_secret_file: %q}]}", server.URL, filepath.Join(a.dir, "key")), 1)
	b := runFile(t, text)
	pipelinetest.Eventually(t, soon, "the incident is told", func() bool { return r.all() == "old" })
	a.mount(t, map[string]string{"key": secrets["new"]})
	b.hangup()
	b.says(t, 1, "configuration is unchanged")
	publish(t, js)
	pipelinetest.Eventually(t, soon, "its end is told, signed with the new secret", func() bool { return r.all() == "old new" })
}

// Many hangups at once, reloads among them and the end in the middle of one leave nothing behind.
func TestReloadsLeaveNothingRunning(t *testing.T) {
	s, js := few(t)
	p := startPager(t)
	pipelinetest.Eventually(t, soon, "all that the server runs for the mirror runs", func() bool {
		mirror, err := js.Stream(t.Context(), "MIRROR")
		return err == nil && mirror.CachedInfo().Mirror != nil && mirror.CachedInfo().Mirror.Active >= 0
	})
	running := goleak.IgnoreCurrent()
	text := watching(t, s, p)
	a := runFile(t, text)
	p.awaitChange(t, soon, pipeline.Opened, "messages", "MIRROR")
	for n := range 4 {
		a.mount(t, map[string]string{"config.yaml": text + fmt.Sprintf("looks_per_second: %d\nheartbeat: {url: %q}\n", 100+n, p.server.URL)})
		for range 50 {
			a.hangup()
		}
		a.says(t, n+1, "configuration reloaded")
	}
	a.mount(t, map[string]string{"config.yaml": text})
	a.hangup()
	a.stop()
	p.server.CloseClientConnections()
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, running)
	p.only(t, anyPage, pipeline.Opened)
}
