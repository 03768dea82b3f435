package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// outcome is what a command wrote, and its exit code.
type outcome struct {
	code        int
	out, errors string
}

func invoke(t testing.TB, args ...string) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), args, &Console{Stdout: &out, Stderr: &errs})
	return outcome{code, out.String(), errs.String()}
}

// A check of a real situation gives the same verdict in each form.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		situation    func(testing.TB) (url string)
		code         int
		text, nagios string // regular expressions
		links        int
	}{
		{
			"healthy", healthy, 0,
			`(?m)^ok        nats/MIRROR  mirror of ORDERS: contact proven \d\.\ds ago, limit 60s, reported lag 0\nOK: 1 link: 1 ok, after watching for \ds$`,
			`^MIRRORWATCH OK - 1 link: 1 ok \| links=1 not_ok=0 oldest_proof=\d\.\d+s$`, 1,
		},
		{
			"metadata not in force", misspelled, 1,
			`(?m)^warning   nats/MIRROR  mirror of ORDERS: contact proven \d\.\ds ago, no limit set, reported lag 0; metadata not in force as written: .*5M.*$`,
			`^MIRRORWATCH WARNING - 1 link: 1 warning; .*metadata not in force as written.* \| links=1 not_ok=1 oldest_proof=\d\.\d+s$`, 1,
		},
		{
			"cut for longer than the limit", longCut, 2,
			`(?m)^critical  nats/MIRROR  mirror of ORDERS: no contact for at least \d+\.\ds, limit 5s; the server still reports lag \d+; the origin was not seen since the agent started: no responders: .*$`,
			`^MIRRORWATCH CRITICAL - 1 link: 1 critical; critical nats/MIRROR .*the server still reports lag \d+; the origin was not seen since the agent started: no responders: .* \| links=1 not_ok=1 oldest_proof=\d+\.\d+s$`, 1,
		},
		{
			"origin never there", noOrigin, 3,
			`(?m)^unknown   nats/MIRROR  mirror of NOWHERE: contact not proven, limit 60s; the server reports lag \d+; no contact since the server began to count$`,
			`^MIRRORWATCH UNKNOWN - 1 link: 1 unknown; unknown nats/MIRROR .* \| links=1 not_ok=1 oldest_proof=U$`, 1,
		},
		{
			"no server", noServer, 3,
			`(?m)^unknown   nats: nothing can be seen: not connected: dial 127\.0\.0\.1:\d+: connect: connection refused$`,
			`^MIRRORWATCH UNKNOWN - no links seen; nats: nothing can be seen: .*connection refused \| links=0 not_ok=0 oldest_proof=U$`, 0,
		},
		{
			"no mirror", noMirror, 3, `(?m)^unknown   no stream is a mirror or has sources$`,
			`^MIRRORWATCH UNKNOWN - no links seen; no stream is a mirror or has sources \| links=0 not_ok=0 oldest_proof=U$`, 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			runs := checkInEachForm(t, test.situation(t))
			for output, run := range runs {
				t.Logf("%s, exit code %d:\n%s", output, run.code, run.out)
				if run.code != test.code || run.errors != "" {
					t.Errorf("%s: exit code %d, want %d; stderr %q", output, run.code, test.code, run.errors)
				}
			}
			if out := runs["text"].out; !regexp.MustCompile(test.text).MatchString(out) {
				t.Errorf("text: want %s", test.text)
			}
			nagios := strings.TrimSuffix(runs["nagios"].out, "\n")
			if strings.Contains(nagios, "\n") || !regexp.MustCompile(test.nagios).MatchString(nagios) {
				t.Errorf("nagios: want one line, %s", test.nagios)
			}
			var report checkReport
			if err := json.Unmarshal([]byte(runs["json"].out), &report); err != nil {
				t.Fatal(err)
			}
			if report.Exit != test.code || int(report.Status) != test.code || len(report.Links) != test.links {
				t.Errorf("JSON: status %s, exit %d, %d links", report.Status, report.Exit, len(report.Links))
			}
		})
	}
}

// checkInEachForm runs three checks at once.
func checkInEachForm(t testing.TB, url string) map[string]outcome {
	var all sync.WaitGroup
	var mu sync.Mutex
	runs := map[string]outcome{}
	for _, output := range []string{"text", "json", "nagios"} {
		all.Go(func() {
			run := invoke(t, "check", "--url", url, "--output", output)
			mu.Lock()
			defer mu.Unlock()
			runs[output] = run
		})
	}
	all.Wait()
	return runs
}

func healthy(t testing.TB) string {
	s, _ := mirrors(t, map[string]map[string]string{"MIRROR": limits("60")})
	return s.URL()
}

func misspelled(t testing.TB) string {
	s, _ := mirrors(t, map[string]map[string]string{"MIRROR": limits("5M")})
	return s.URL()
}

// longCut is a mirror that has been cut off for longer than its limit when it is checked.
func longCut(t testing.TB) string {
	l := mirrored(t, limits("5"))
	js := l.Mirror.JetStream(t)
	pipelinetest.Eventually(t, soon, "the mirror hears its origin", func() bool {
		return pipelinetest.StreamInfo(t, js, "MIRROR").Mirror.Active >= 0
	})
	l.Link.Cut()
	pipelinetest.Eventually(t, soon, "the mirror is silent for longer than its limit", func() bool {
		return pipelinetest.StreamInfo(t, js, "MIRROR").Mirror.Active > shortLimit
	})
	return l.Mirror.URL()
}

// noOrigin is a mirror that has never heard anything: its age is -1.
func noOrigin(t testing.TB) string {
	s := pipelinetest.StartServer(t, pipelinetest.ServerOptions{Name: "leaf", Domain: pipelinetest.LeafDomain})
	pipelinetest.CreateMirror(t, s.JetStream(t), "MIRROR", "NOWHERE", pipelinetest.APIPrefix(pipelinetest.HubDomain), limits("60"))
	return s.URL()
}

// noServer is a port that no system gives out, and that nobody serves.
func noServer(testing.TB) string { return "nats://127.0.0.1:1" }

func noMirror(t testing.TB) string {
	s, _ := mirrors(t, nil)
	return s.URL()
}

// A check takes no longer than the proof does, and what is well is told within seconds.
func TestCheckEndsWhenAllIsProven(t *testing.T) {
	t.Parallel()
	url := healthy(t)
	began := time.Now()
	if run := invoke(t, "check", "--url", url); run.code != 0 {
		t.Errorf("exit code %d: %s", run.code, run.out)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestCheckOfStreamsByName(t *testing.T) {
	t.Parallel()
	s, _ := mirrors(t, map[string]map[string]string{"A_ONE": limits("60"), "A_TWO": limits("60"), "B": limits("5M")})
	if run := invoke(t, "check", "--url", s.URL(), "--stream", "A_*"); run.code != 0 || strings.Count(run.out, "mirror of ORDERS") != 2 {
		t.Errorf("exit code %d:\n%s", run.code, run.out)
	}
	run := invoke(t, "check", "--url", s.URL(), "--stream", "A_ONE", "--stream", "TYPO", "--stream", "X_*", "--for", "5s")
	if run.code != 3 || !strings.Contains(run.out, "TYPO: no such stream") || !strings.Contains(run.out, "X_*: no such stream") {
		t.Errorf("exit code %d:\n%s", run.code, run.out)
	}
}

// A stream that the configuration leaves out is not called missing.
func TestCheckOfAnExcludedStreamSaysSo(t *testing.T) {
	t.Parallel()
	s, _ := mirrors(t, map[string]map[string]string{"A_ONE": limits("60")})
	config := filepath.Join(t.TempDir(), "config.yaml")
	text := fmt.Sprintf("connections: [{name: dr, url: %q, streams: {exclude: [\"A_*\"]}}]\n", s.URL())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := invoke(t, "check", "--config", config, "--stream", "A_ONE", "--for", "5s")
	if run.code != 3 || !strings.Contains(run.out, "A_ONE: excluded by the configuration (streams.exclude)\n") {
		t.Errorf("exit code %d:\n%s", run.code, run.out)
	}
}

// Who reads the output as JSON or for Nagios reads there too why there is no verdict.
func TestCheckThatCannotStartTellsSoInItsForm(t *testing.T) {
	for _, test := range []struct {
		args    []string
		trouble string // regular expression
	}{
		{[]string{"--config", "none.yaml"}, `read configuration: open none\.yaml: no such file or directory`},
		{[]string{"--config", "testdata/bad/range.yaml"}, `testdata/bad/range\.yaml:2: interval: .*`},
		{[]string{"--creds", "/none.creds"}, `open connection "nats": read credentials_file: .*`},
		{[]string{"--no-such-flag"}, `unknown flag --no-such-flag.* \(see mirrorwatch check --help\)`},
	} {
		nagios := invoke(t, append([]string{"check", "--output=nagios"}, test.args...)...)
		if want := `^MIRRORWATCH UNKNOWN - ` + test.trouble + `\n$`; nagios.code != 3 || !regexp.MustCompile(want).MatchString(nagios.out) {
			t.Errorf("nagios: exit code %d, got %q, want %s", nagios.code, nagios.out, want)
		}
		asJSON := invoke(t, append([]string{"check", "--output", "json"}, test.args...)...)
		var report checkReport
		if err := json.Unmarshal([]byte(asJSON.out), &report); err != nil {
			t.Fatalf("%v: %s", err, asJSON.out)
		}
		if asJSON.code != 3 || report.Exit != 3 || report.Status != pipeline.Unknown || report.Links == nil || report.Notes == nil ||
			len(report.Trouble) == 0 || !regexp.MustCompile("^"+test.trouble+"$").MatchString(report.Trouble[0]) {
			t.Errorf("JSON: exit code %d, got %s", asJSON.code, asJSON.out)
		}
	}
}

// A short limit is honoured, and what it means is said.
func TestCheckNotesShortLimits(t *testing.T) {
	t.Parallel()
	s, _ := mirrors(t, map[string]map[string]string{"MIRROR": limits("30")})
	run := invoke(t, "check", "--url", s.URL())
	if run.code != 0 || !strings.Contains(run.out, "note: MIRROR: its limit of 30s is honoured") {
		t.Errorf("exit code %d:\n%s", run.code, run.out)
	}
}
