package agent

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// What a kill does, point by point: nothing is lost, and a message comes twice only where the agent died between the request and
// the mark that it is done, under the same key.
func TestKilledAtEachPoint(t *testing.T) {
	t.Parallel()
	s, js := mirrors(t, nil)
	// Which lives delivered the change: the killed one, the next one, or both.
	first, second, both := "[true]", "[false]", "[true false]"
	want := map[deathPoint]string{
		beforeCommit: second, afterCommit: second, beforeFreeze: second, afterFreeze: second, beforeRequest: second,
		afterRequest: both, afterAnswer: both, beforeMark: both, afterMark: first,
	}
	for n, point := range deathPoints() {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			stream := fmt.Sprintf("POINT_%d", n)
			pipelinetest.CreateMirror(t, js, stream, "ORDERS", "", nil)
			l := startKillLedger(t, 1)
			config, _ := doomedConfig(t, s, l, stream, "each")
			for _, step := range []struct {
				change   pipeline.ChangeKind
				metadata map[string]string
			}{{pipeline.Opened, limits("5M")}, {pipeline.Resolved, limits("60s")}} {
				killed := live(t, config, l, point, 1)
				killed.api(t)
				pipelinetest.SetMetadata(t, js, stream, step.metadata)
				killed.died(t)

				next := live(t, config, l, nowhere, 0)
				pipelinetest.Eventually(t, soon, string(step.change)+" is told", func() bool {
					return len(telling(t, l, step.change)) > 0 && settledAt(t, next.api(t))
				})
				next.end(t)
				got := telling(t, l, step.change)
				if by := fmt.Sprint(byTheKilled(got)); by != want[point] {
					t.Errorf("%s: delivered by the killed one: %s, want %s", step.change, by, want[point])
				}
				for _, e := range got {
					if e.key != got[0].key || e.body != got[0].body {
						t.Errorf("%s: as %s and as %s:\n%s\n%s", step.change, got[0].key, e.key, got[0].body, e.body)
					}
				}
			}
			if all := l.all(""); len(all) != len(telling(t, l, pipeline.Opened))+len(telling(t, l, pipeline.Resolved)) {
				t.Errorf("%d requests in all", len(all))
			}
		})
	}
}

// telling returns the messages to each that tell of a change.
func telling(t testing.TB, l *killLedger, change pipeline.ChangeKind) (found []ledgerEntry) {
	t.Helper()
	for _, e := range l.all("each") {
		for _, s := range stepsOf(t, e.body) {
			if s.Change == string(change) {
				found = append(found, e)
			}
		}
	}
	return found
}

// byTheKilled tells which requests came of a life that was to be killed: every other one.
func byTheKilled(entries []ledgerEntry) (all []bool) {
	for _, e := range entries {
		all = append(all, e.life%2 == 1)
	}
	return all
}

// settledAt tells whether nothing waits to be told.
func settledAt(t testing.TB, api string) bool {
	t.Helper()
	var ready readyState
	get(t, api+"/readyz", &ready)
	return !slices.ContainsFunc(ready.Receivers, func(r receiverState) bool { return r.Pending > 0 })
}

// doomedConfig writes a configuration: one connection, of which the streams that fit are watched, and those of the ledger's
// receivers ops (grouped), each (every incident on its own) and chat (Slack, grouped) that are named.
func doomedConfig(t testing.TB, s *pipelinetest.Server, l *killLedger, streams string, receivers ...string) (file, dataDir string) {
	t.Helper()
	dir := t.TempDir()
	file, dataDir = filepath.Join(dir, "config.yaml"), filepath.Join(dir, "data")
	at := l.server.URL
	exporters := map[string]string{
		"ops":  fmt.Sprintf("webhook: {name: ops, url: %q}", at+"/ops"),
		"each": fmt.Sprintf("webhook: {name: each, url: %q, body: native}", at+"/each"),
		"chat": fmt.Sprintf("slack: {name: chat, token: xoxb-1, channel: C1, api_url: %q}", at+"/chat/"),
	}
	var webhooks, slacks []string
	routes := ""
	for _, r := range receivers {
		kind, text, _ := strings.Cut(exporters[r], ": ")
		if kind == "slack" {
			slacks = append(slacks, text)
		} else {
			webhooks = append(webhooks, text)
		}
		grouping := "group_by: [connection, rule], group_wait: 50ms, group_interval: 200ms"
		if r == "each" {
			grouping = "group_by: incident, group_wait: 0s, group_interval: 0s"
		}
		routes += fmt.Sprintf("  - {name: %s, receivers: %s, continue: true, %s}\n", r, r, grouping)
	}
	text := fmt.Sprintf(`connections: [{name: live, url: %q, streams: {include: [%q]}}]
interval: 1s
rules: {seen-default: {after: 0s}}
data_dir: %q
http: {address: "127.0.0.1:0"}
exporters: {webhook: [%s], slack: [%s]}
routes:
%s`, s.URL(), streams, dataDir, strings.Join(webhooks, ", "), strings.Join(slacks, ", "), routes)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, dataDir
}

func parseForm(body string) url.Values {
	values, _ := url.ParseQuery(body)
	return values
}
