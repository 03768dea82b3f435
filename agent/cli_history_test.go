package agent

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
)

func TestHistoryListsIncidents(t *testing.T) {
	t.Parallel()
	address := pastAgent(t, pastJournal(t, t.TempDir()))
	got := invoke(t, "incidents", "--address", address)
	want := regexp.MustCompile(`(?m)\AOPENED \(UTC\) +LASTED +STATE +LEVEL +RULE +INCIDENT +WHAT +STORY
2026-03-04 10:00:00 +1m30s +resolved +critical +seen +mw-1 +dr/APP/PAYMENTS \(mirror of PAYMENTS\) +contact again after 2m30s \(was: silent\)
2026-03-04 11:50:00 +10m +open +critical +seen +mw-2 +dr/APP/ORDERS \(mirror of ORDERS\) +silent, no contact for 1m0s, limit 1m0s
2 incidents, 1 open
\z`)
	if got.code != 0 || !want.MatchString(got.out) {
		t.Errorf("exit code %d:\n%s%s", got.code, got.out, got.errors)
	}

	lines := invoke(t, "incidents", "--address", address, "--output", "json")
	var changes []string
	decoder := json.NewDecoder(strings.NewReader(lines.out))
	decoder.DisallowUnknownFields()
	for decoder.More() {
		var line pipeline.Line
		if err := decoder.Decode(&line); err != nil {
			t.Fatalf("%v: %s", err, lines.out)
		}
		changes = append(changes, line.Incident+" "+string(line.Change))
	}
	if strings.Join(changes, ", ") != "mw-1 opened, mw-1 resolved, mw-2 opened" {
		t.Errorf("as JSON: %v%s", changes, lines.errors)
	}

	for _, test := range []struct {
		args string
		want string // ids
	}{
		{"--open", "mw-2"},
		{"--match stream=PAY*", "mw-1"},
		{"--match stream=PAY* --open", ""},
		{"--rule lag", ""},
		{"--rule seen --limit 1", "mw-2"},
		{"--from 2026-03-04T11:00 --to 2026-03-04", "mw-2"},
		{"--from 2026-03-04T10:00 --to 2026-03-04T10:30", "mw-1"},
		{"--from 2026-03-04T11:00 --zone Europe/Berlin --to 2026-03-04T11:30", "mw-1"},
	} {
		got := invoke(t, append([]string{"incidents", "--address", address}, strings.Fields(test.args)...)...)
		ids := regexp.MustCompile(`mw-\d`).FindAllString(got.out, -1)
		if got.code != 0 || strings.Join(ids, " ") != test.want {
			t.Errorf("%s: exit code %d: got %v, want %q: %s", test.args, got.code, ids, test.want, got.errors)
		}
	}
	if got := invoke(t, "incidents", "--address", address, "--limit", "1"); !strings.Contains(got.errors, "the newest 1 are shown, there are more") {
		t.Errorf("where there are more: %s", got.errors)
	}
	for _, wrong := range []string{"--match strem=X", "--from soon", "--from 2026-03-04 --to 2026-03-03", "--from 2999-01-01", "--limit -1", "--zone Nowhere"} {
		if got := invoke(t, append([]string{"incidents", "--address", address}, strings.Fields(wrong)...)...); got.code != 1 || got.errors == "" {
			t.Errorf("%s: exit code %d: %s", wrong, got.code, got.out)
		}
	}
}

// Where no agent runs, the journal that the configuration names is read, and that is said.
func TestHistoryIsReadFromTheFolderWhereNoAgentRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := pastJournal(t, dir)
	address := freeAddress(t)
	config := filepath.Join(t.TempDir(), "config.yaml")
	text := "connections: [{name: main, url: \"nats://127.0.0.1:4222\"}]\ndata_dir: %s\nhttp: {address: \"%s\"}\n"
	if err := os.WriteFile(config, fmt.Appendf(nil, text, dir, address), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := invoke(t, "incidents", "--config", config); got.code != 1 || !strings.Contains(got.errors, "a running agent uses "+dir) {
		t.Errorf("an agent that does not answer: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"configuration": {"--config", config}, "folder": {"--data-dir", dir}} {
		got := invoke(t, append([]string{"incidents"}, args...)...)
		if noted := strings.Contains(got.errors, "no agent answers at http://"+address); got.code != 0 || !strings.Contains(got.out, "2 incidents, 1 open") || noted != (name == "configuration") {
			t.Errorf("%s: exit code %d: %s%s", name, got.code, got.out, got.errors)
		}
	}
	if got := invoke(t, "incidents", "--config", config, "--address", address); got.code != 1 || !strings.Contains(got.errors, "no agent answers") {
		t.Errorf("an address that was named: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := invoke(t, "incidents", "--config", config); got.code != 1 || !strings.Contains(got.errors, "no agent answers") || !strings.Contains(got.errors, "--data-dir") {
		t.Errorf("neither: exit code %d: %s%s", got.code, got.out, got.errors)
	}
}

// freeAddress is one that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestHistoryOfSomethingElseThatAnswers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if got := invoke(t, "incidents", "--address", server.URL); got.code != 1 || !strings.Contains(got.errors, "no mirrorwatch") {
		t.Errorf("exit code %d: %s%s", got.code, got.out, got.errors)
	}
}

// What a query means is never guessed.
func TestHTTPHistoryRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	h := &HTTP{Board: pipeline.NewBoard(noon()), Ready: func() error { return nil }, Now: noon, History: pastJournal(t, t.TempDir())}
	for path, status := range map[string]int{
		"/api/v1/history": 200, "/api/v1/history?open=true&limit=1&match=stream%3DX&match=level%3Dcritical&rule=seen": 200,
		"/api/v1/history?stream=X": 400, "/api/v1/history?from=30d": 400, "/api/v1/history?match=strem%3DX": 400, "/api/v1/history?open=maybe": 400,
		"/api/v1/history?limit=-1": 400, "/api/v1/history?from=2026-03-04T00:00:00Z&to=2026-03-03T00:00:00Z": 400,
		"/api/v1/report": 200, "/api/v1/report?form=2026-03-04T00:00:00Z": 400, "/api/v1/report?from=2999-01-01T00:00:00Z": 400, "/api/v1/audit?from=2": 200, "/api/v1/audit?from=x": 400,
	} {
		if got := ask(h, "GET", path, ""); got.Code != status || got.Code == 400 && !strings.Contains(got.Body.String(), `"error"`) {
			t.Errorf("%s: got %d %s", path, got.Code, got.Body)
		}
	}
}
