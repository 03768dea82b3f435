package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
	"mirrorwatch/pipeline/pipelinetest"
)

// unobserved fits every page about the connection.
func unobserved(p *page) bool { return p.rule() == "unobserved" }

// An agent that sees nothing tells one thing, however many mirrors it watches; and tells it no later than the first
// mirror would have been told of.
func TestOwnConnectionLost(t *testing.T) {
	t.Parallel()
	for name, sever := range map[string]func(*pipelinetest.Link){
		"cut":        (*pipelinetest.Link).Cut,
		"blackholed": (*pipelinetest.Link).Blackhole,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one"}), startPager(t)
			js := s.JetStream(t)
			pipelinetest.CreateStream(t, js, streamOf("ORDERS"))
			names := []string{"A", "B", "C"}
			for _, name := range names {
				pipelinetest.CreateMirror(t, js, name, "ORDERS", "", limits("7"))
			}
			link, err := pipelinetest.NewLink(s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = link.Close() })
			a := startAgent(t, p, jetstream.Config{URL: jetstream.URLs("nats://" + link.Addr())})
			awaitProof(t, a.api, names...)

			sever(link)
			opened := p.awaitChange(t, soon, pipeline.Opened, "unobserved", "")
			oldest := time.Time{}
			for _, name := range names {
				if l := links(t, a.api, name); oldest.IsZero() || l[0].Proof.Before(oldest) {
					oldest = *l[0].Proof
				}
			}
			overdue := opened.Opened.Sub(oldest.Add(7 * time.Second))
			t.Logf("opened %s after the earliest deadline, its page was there %s later", overdue, opened.At.Sub(opened.Opened))
			if overdue < -time.Second || overdue > onTime {
				t.Errorf("opened %s after the earliest deadline", overdue)
			}
			if opened.Annotations["detail"] == "" {
				t.Error("it is not told why")
			}
			link.Restore()
			resolved := p.awaitChange(t, soon, pipeline.Resolved, "unobserved", "")
			sameIncident(t, opened, resolved)
			awaitProof(t, a.api, names...)
			fence(t, p, s)
			p.only(t, func(p *page) bool { return p.rule() != "policy" }, pipeline.Opened, pipeline.Resolved)
		})
	}
}

func TestWrongCredentialsFromTheStart(t *testing.T) {
	t.Parallel()
	p := startPager(t)
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "one", Configure: func(o *server.Options) {
		o.Username, o.Password = "watch", "right-one"
	}})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("wrong-one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := startAgent(t, p, jetstream.Config{URL: jetstream.URLs(s.URL()), User: "watch", PasswordFile: password})
	began := time.Now()
	opened := p.awaitChange(t, 40*time.Second, pipeline.Opened, "unobserved", "")
	t.Logf("opened %s after the start", opened.Opened.Sub(began))
	if late := opened.Opened.Sub(began) - 30*time.Second; late > onTime {
		t.Errorf("opened %s after 30 s", late)
	}
	if detail := opened.Annotations["detail"]; !strings.Contains(detail, "Authorization Violation") {
		t.Errorf("detail: %q", detail)
	}
	if err := os.WriteFile(password, []byte("right-one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	resolved := p.awaitChange(t, soon, pipeline.Resolved, "unobserved", "")
	sameIncident(t, opened, resolved)
	p.only(t, anyPage, pipeline.Opened, pipeline.Resolved)
	if log := a.log.String(); strings.Contains(log, "wrong-one") || strings.Contains(log, "right-one") {
		t.Errorf("the log tells a password:\n%s", log)
	}
}

// A server that takes connections and says nothing holds up neither the start nor the watching of another.
func TestDeadServerDelaysNoOther(t *testing.T) {
	t.Parallel()
	s, _ := mirrors(t, map[string]map[string]string{"MIRROR": limits("5")})
	config := DefaultConfig()
	for i := range 5 {
		config.Connections = append(config.Connections, jetstream.Config{Name: fmt.Sprint("dead", i), URL: jetstream.URLs(silent(t))})
	}
	config.Connections = append(config.Connections, jetstream.Config{Name: "live", URL: jetstream.URLs(s.URL())})
	began := time.Now()
	a := runAgent(t, startPager(t), config)
	if took := time.Since(began); took > 2*promptly {
		t.Errorf("the start took %s", took)
	}
	awaitProof(t, a.api, "MIRROR")
}

// silent is the URL of a port that takes connections and never says a word.
func silent(t testing.TB) string {
	link, err := pipelinetest.NewLink("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	link.Blackhole()
	t.Cleanup(func() { _ = link.Close() })
	return "nats://" + link.Addr()
}
