package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline/pipelinetest"
)

// stormLinks is how many links fail behind one gateway in BenchmarkStorm, bystanders how many of another connection fail one
// after the other meanwhile, over the seconds around it.
const (
	stormLinks = 10_000
	bystanders = 100
)

// A storm is one message in a channel and one alert of a pager, and those that tell of each incident tell it once.
func TestStormIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newStorm(t, 400)
	s.run(t)
	s.verify(t)
}

// BenchmarkStorm lets 10,000 links fail in one second, half of them recover, and then the rest. The agent is a process of its
// own and speaks to a NATS server, whose streams are scripted, and to HTTP receivers of every kind. One iteration takes a minute:
// run it with -benchtime 1x.
func BenchmarkStorm(b *testing.B) {
	for range b.N {
		s := newStorm(b, stormLinks)
		s.run(b)
		s.verify(b)
		s.report(b)
	}
}

// storm is one run.
type storm struct {
	links        int
	storm, other *scripted
	to           *stormReceivers
	agent        *child
	config       string
	dataDir      string
	calm         float64              // MiB of memory before it
	due          map[string]time.Time // when each link's limit ended, by connection and stream
	told         [3]time.Duration     // how long after the first incident, each mending, everybody knew all
}

func newStorm(t testing.TB, links int) *storm {
	t.Helper()
	server := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "storm"})
	s := &storm{
		links: links, to: startStormReceivers(t), due: map[string]time.Time{},
		storm: script(t, server.URL(), "storm", links), other: script(t, server.URL(), "other", bystanders),
	}
	dir := t.TempDir()
	s.config, s.dataDir = filepath.Join(dir, "config.yaml"), filepath.Join(dir, "data")
	text := fmt.Sprintf(`connections:
  - {name: storm, url: %q, api_prefix: storm.API}
  - {name: other, url: %q, api_prefix: other.API}
looks_per_second: 5000
data_dir: %q
http: {address: "127.0.0.1:0"}
`, server.URL(), server.URL(), s.dataDir) + s.to.config()
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *storm) run(t testing.TB) {
	t.Helper()
	s.agent = spawn(t, s.config)
	pipelinetest.Eventually(t, time.Minute, "every mirror is watched", func() bool { return s.ready(t).links() == s.links+bystanders })
	pipelinetest.Eventually(t, time.Minute, "contact with every mirror is proven", func() bool {
		n := 0
		var all []LinkState
		get(t, s.agent.api+"/api/v1/links", &all)
		for i := range all {
			if all[i].Proof != nil && !all[i].Starting {
				n++
			}
		}
		return n == s.links+bystanders
	})
	s.calm = peakMemory(s.agent, "VmRSS")

	cut := time.Now().Add(2 * time.Second)
	s.storm.sever(t, cut, 0, s.links)
	for n := range bystanders {
		s.other.sever(t, cut.Add(time.Duration(n-bystanders/3)*60*time.Millisecond), n, n+1)
	}
	for n := range s.links {
		s.due[fmt.Sprintf("storm M_%05d", n)] = s.storm.heard(n, cut).Add(stormLimit)
	}
	for n := range bystanders {
		s.due[fmt.Sprintf("other M_%05d", n)] = s.other.heard(n, cut.Add(time.Minute)).Add(stormLimit)
	}
	s.await(t, "everything is told", s.links+bystanders)
	s.told[0] = time.Since(s.firstOpened("storm"))

	mended := time.Now()
	s.storm.mend(t, 0, s.links/2)
	s.await(t, "half of it has ended", s.links-s.links/2+bystanders)
	s.told[1] = time.Since(mended)

	mended = time.Now()
	s.storm.mend(t, s.links/2, s.links)
	s.other.mend(t, 0, bystanders)
	s.await(t, "all has ended", 0)
	s.told[2] = time.Since(mended)
	pipelinetest.Eventually(t, time.Minute, "everybody is told of the end", func() bool {
		return s.resolves() >= 2 && strings.Count(s.to.slack.phones(), "edited: ✅ RESOLVED") >= 2 && s.quiet(t)
	})
}

// await waits until those that tell of every incident know so many to be open.
func (s *storm) await(t testing.TB, what string, open int) {
	t.Helper()
	defer func() {
		if webhook, native, manager := s.to.firing(); t.Failed() || webhook != open {
			t.Logf("%s: %d, %d and %d are open, want %d; changes: %v", what, webhook, native, manager, open, s.to.kinds)
		}
	}()
	pipelinetest.Eventually(t, 3*time.Minute, what, func() bool {
		webhook, native, manager := s.to.firing()
		return webhook == open && native == open && manager == open && s.quiet(t)
	})
}

// stormReady is what is read of /readyz.
type stormReady struct {
	Connections []struct {
		Links int `json:"links"`
	} `json:"connections"`
	Receivers []struct {
		Pending int `json:"pending"`
	} `json:"receivers"`
}

func (s *storm) ready(t testing.TB) (r stormReady) {
	t.Helper()
	get(t, s.agent.api+"/readyz", &r)
	return r
}

func (r stormReady) links() (n int) {
	for _, c := range r.Connections {
		n += c.Links
	}
	return n
}

// quiet tells whether nothing is undelivered.
func (s *storm) quiet(t testing.TB) bool {
	t.Helper()
	ready := s.ready(t)
	for _, r := range ready.Receivers {
		if r.Pending > 0 {
			return false
		}
	}
	return len(ready.Receivers) > 0
}

func (s *storm) events() string {
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	return strings.Join(s.to.events, "\n")
}

// resolves is how many alerts about silent links PagerDuty was told the end of.
func (s *storm) resolves() (n int) {
	for line := range strings.Lines(s.events()) {
		if strings.HasPrefix(line, "resolve ") && strings.Contains(line, "contact") {
			n++
		}
	}
	return n
}

func (s *storm) verify(t testing.TB) {
	t.Helper()
	if again := s.to.twice(); len(again) > 0 {
		t.Errorf("%d changes were told twice, as %s", len(again), again[0])
	}
	for _, kind := range []string{"opened", "resolved"} {
		for connection, want := range map[string]int{"storm": s.links, "other": bystanders} {
			if got := s.to.kinds[connection+" seen "+kind]; got != want {
				t.Errorf("%s: %d changes %s, want %d", connection, got, kind, want)
			}
		}
	}
	messages, edits, replies := s.to.slack.count()
	t.Logf("slack: %d messages, %d edits, %d replies, %d refused for the rate, the longest has %d characters; phones show:%s",
		messages, edits, replies, s.to.slack.limited, s.to.slack.longest, s.to.slack.phones())
	t.Logf("pagerduty:\n%s", s.events())
	t.Logf("changes: %v", s.to.kinds)
	if messages != 2 {
		t.Errorf("slack: %d messages, want one a connection", messages)
	}
	if n := s.resolves(); n != 2 {
		t.Errorf("pagerduty: %d alerts were resolved, want one a connection", n)
	}
}
