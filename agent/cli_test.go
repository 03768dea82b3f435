package agent

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestMain(m *testing.M) {
	pipelinetest.ServeChild()
	testscript.Main(sideBySide{m}, map[string]func(){
		"mirrorwatch": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"doomed":      doomedMain,
	})
}

func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

func TestVersionAsJSON(t *testing.T) {
	var out bytes.Buffer
	if code := execute(t.Context(), []string{"version", "--output", "json"}, &Console{Stdout: &out, Stderr: &out}); code != 0 {
		t.Fatalf("exit code %d: %s", code, &out)
	}
	var b Build
	if err := json.Unmarshal(out.Bytes(), &b); err != nil || b.Go != runtime.Version() || b.Version == "" {
		t.Errorf("got %+v, %v", b, err)
	}
}

func TestLogIsJSONWhereNoTerminalIs(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelWarn)
	log.Info("not told")
	log.Warn("told")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["msg"] != "told" {
		t.Errorf("got %q, %v", &out, err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if IsTerminal(null) || IsTerminal(&out) {
		t.Error("a terminal was seen where none is")
	}
}

// Who mistypes is sent to the help of the command that was meant.
func TestUsageErrorNamesTheHelpThatFits(t *testing.T) {
	for _, test := range []struct{ args, see string }{
		{"nonsense", "(see mirrorwatch --help)"},
		{"run", "(see mirrorwatch run --help)"},
		{"config chekc x.yaml", "(see mirrorwatch config --help)"},
		{"config check x.yaml --no-such-flag", "(see mirrorwatch config check --help)"},
	} {
		if got := invoke(t, strings.Fields(test.args)...); got.code != 1 || !strings.HasSuffix(got.errors, test.see+"\n") {
			t.Errorf("%s: exit code %d, got %q, want %s", test.args, got.code, got.errors, test.see)
		}
	}
}

func TestHelpNamesWhatIsOnOffer(t *testing.T) {
	var out, errs bytes.Buffer
	for _, args := range [][]string{nil, {"--help"}, {"config", "check", "--help"}} {
		out.Reset()
		if code := execute(t.Context(), args, &Console{Stdout: &out, Stderr: &errs}); code != 0 || !strings.Contains(out.String(), "Usage: mirrorwatch") {
			t.Errorf("%v: exit code %d, got %s", args, code, &out)
		}
	}
}

// The exit code 2 means critical where check is run by Nagios: a wrong flag or file must not look like it.
func TestExitCodesOfCommandsThatCouldNotRun(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
	}{
		{[]string{"check", "--no-such-flag"}, 3},
		{[]string{"--log-level", "debug", "check", "--output", "xml"}, 3},
		{[]string{"check", "--config", "testdata/bad/five.yaml"}, 3},
		{[]string{"run"}, 1},
		{[]string{"run", "--config", "testdata/bad/five.yaml"}, 1},
		{[]string{"config", "check", "testdata/bad/five.yaml"}, 1},
		{[]string{"nonsense"}, 1},
	} {
		var out bytes.Buffer
		if code := execute(t.Context(), test.args, &Console{Stdout: &out, Stderr: &out}); code != test.code || out.Len() == 0 {
			t.Errorf("%v: exit code %d, want %d; told %q", test.args, code, test.code, &out)
		}
	}
}
