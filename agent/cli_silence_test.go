package agent

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestCLISilenceFromBeginToEnd(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(silencing(t, pipelinetest.NewMemJournal()).Handler())
	defer server.Close()
	at := "--address=" + server.URL

	added := invoke(t, "silence", "add", at, "--match", "stream=PAY*", "--match=level=critical", "--for", "2h", "--by", "ann", "--reason", "new\x1b[2J switch")
	want := regexp.MustCompile(`^(s-\w+) silences stream=PAY\* level=critical until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(2h\); 1 incident that is open now matches it\n$`)
	found := want.FindStringSubmatch(added.out)
	if added.code != 0 || found == nil {
		t.Fatalf("add: exit code %d: %s%s", added.code, added.out, added.errors)
	}
	id := found[1]
	listed := invoke(t, "silence", "list", at)
	if listed.code != 0 || !regexp.MustCompile(`(?m)^active +\S+ \S+ UTC +\S+ \S+ UTC +stream=PAY\* level=critical +1 +ann +new \[2J switch +`+id+`$`).MatchString(listed.out) ||
		!strings.Contains(listed.out, "maintenance window night") {
		t.Errorf("list: exit code %d:\n%s%s", listed.code, listed.out, listed.errors)
	}
	var all []SilenceState
	if got := invoke(t, "silence", "list", at, "--output", "json"); json.Unmarshal([]byte(got.out), &all) != nil || len(all) != 2 {
		t.Errorf("list as JSON: %s%s", got.out, got.errors)
	}
	if got := invoke(t, "silence", "expire", at, "--by", "bob", id); got.code != 0 || got.out != id+" is over: stream=PAY* level=critical is told again\n" {
		t.Errorf("expire: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	if got := invoke(t, "silence", "expire", at, "--by", "bob", id); got.code != 1 || !strings.Contains(got.errors, "is over since") {
		t.Errorf("expire again: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	if got := invoke(t, "silence", "list", at, "--all"); !strings.Contains(got.out, id) {
		t.Errorf("list --all: %s%s", got.out, got.errors)
	}
}

// What is wrong is told before anybody is asked; who cannot be asked is named.
func TestCLISilenceTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const nobody = "--address=http://127.0.0.1:1"
	for _, test := range []struct {
		told string
		args []string
	}{
		{`no label "strem"`, []string{"add", nobody, "--match", "strem=X", "--for", "2h", "--reason", "x"}},
		{"want at most 30 days", []string{"add", nobody, "--match", "stream=X", "--for", "5w", "--reason", "x"}},
		{"missing flags: --reason", []string{"add", nobody, "--match", "stream=X", "--for", "5w"}},
		{"missing flags: --match", []string{"add", nobody, "--for", "2h", "--reason", "x"}},
		{"--starts: ", []string{"add", nobody, "--match", "stream=X", "--for", "2h", "--reason", "x", "--starts", "tonight"}},
		{"--zone Nowhere", []string{"add", nobody, "--match", "stream=X", "--for", "2h", "--reason", "x", "--zone", "Nowhere"}},
		{"no agent answers at http://127.0.0.1:1", []string{"list", nobody}},
		{"--address: want such as", []string{"list", "--address", "ftp://x"}},
		{"no.such.file", []string{"list", nobody, "--token-file", "no.such.file"}},
	} {
		got := invoke(t, append([]string{"silence"}, test.args...)...)
		if got.code != 1 || !strings.Contains(got.errors, test.told) {
			t.Errorf("%v: exit code %d, got %s%s, want %q", test.args, got.code, got.out, got.errors, test.told)
		}
	}
}

func TestCLISilenceShowsTheToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := silencing(t, pipelinetest.NewMemJournal())
	h.Token = func() pipeline.Secret { return pipeline.SecretFile(file) }
	server := httptest.NewServer(h.Handler())
	defer server.Close()
	add := []string{"silence", "add", "--address", server.URL, "--match", "rule=*", "--for", "2h", "--by", "ann", "--reason", "x"}
	if got := invoke(t, add...); got.code != 1 || !strings.Contains(got.errors, "--token-file") {
		t.Errorf("without: exit code %d: %s%s", got.code, got.out, got.errors)
	}
	if got := invoke(t, append(add, "--token-file", file)...); got.code != 0 || strings.Contains(got.out+got.errors, "hunter2") {
		t.Errorf("with: exit code %d: %s%s", got.code, got.out, got.errors)
	}
}

func TestCLIAddressOfAnAgentThatListensEverywhere(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:9188": "127.0.0.1:9188", "[::]:9188": "127.0.0.1:9188", ":80": "127.0.0.1:80", "10.0.0.7:9188": "10.0.0.7:9188", "[::1]:9188": "[::1]:9188",
	} {
		if got := ownAddress(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

// Every command says what it does.
func TestCLIHelp(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"silence add", "silence list", "silence expire", "incidents", "report", "audit verify", "audit export", "notify test",
	} {
		got := invoke(t, append(strings.Fields(command), "--help")...)
		if got.code != 0 || !strings.Contains(got.out, "Usage: mirrorwatch "+command) || strings.Contains(command, " ") && !strings.Contains(got.out, "--config=FILE") {
			t.Errorf("%s: exit code %d: %s%s", command, got.code, got.out, got.errors)
		}
	}
}
