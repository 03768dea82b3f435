package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
)

// Each file of testdata/bad tells the faults that are expected of it in comments at its end, and the environment
// that it is read with.
func TestEveryFaultIsToldWithItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = parseConfig(filepath.Base(file), text, comments(text, "# environment: "))
			if err == nil {
				t.Fatal("accepted")
			}
			want := strings.Join(comments(text, "# error: "), "\n")
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error holds a secret")
			}
		})
	}
}

// The faults below a key are told beside a misspelling of that key.
func TestMisspelledKeyHidesNoFaultOfTheRightOne(t *testing.T) {
	text := oneConnection + "exporter: {}\nexporters: {webhook: [{name: \"\", url: \"ftp://x\"}]}\n"
	_, _, err := parseConfig("config.yaml", []byte(text), nil)
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("got %v", err)
	}
	var paths []string
	for _, f := range faults {
		paths = append(paths, f.Path)
	}
	want := []string{"exporter", "exporters.webhook[0].name", "exporters.webhook[0].url"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s\n%v", diff, err)
	}
}

func comments(text []byte, prefix string) []string {
	var found []string
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			found = append(found, strings.TrimSpace(rest))
		}
	}
	return found
}

const oneConnection = "connections: [{name: dr, url: \"nats://127.0.0.1:4222\"}]\n"

func load(t *testing.T, text string, environ ...string) (*Config, []Note) {
	t.Helper()
	cfg, notes, err := parseConfig("config.yaml", []byte(text), environ)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, notes
}

func TestDefaultsHoldWhereNothingIsSaid(t *testing.T) {
	cfg, _ := load(t, oneConnection+"interval:\nrules:\n")
	want := DefaultConfig()
	if cfg.Interval != want.Interval || cfg.LooksPerSecond != want.LooksPerSecond || cfg.Rules != want.Rules ||
		cfg.DataDir != want.DataDir || cfg.HTTP != want.HTTP || cfg.Heartbeat != want.Heartbeat {
		t.Errorf("got %+v, want %+v", cfg, want)
	}
	if cfg.Exporters.OTLP != nil || cfg.Heartbeat.Enabled() {
		t.Error("something is on that nobody asked for")
	}
}

func TestFileBeatsDefaultsAndEnvironmentBeatsFile(t *testing.T) {
	cfg, _ := load(t, oneConnection+"interval: 7s\nlooks_per_second: 50\nrules: {seen-default: {after: 3m}}\n",
		"MIRRORWATCH_LOOKS_PER_SECOND=60",
		"MIRRORWATCH_RULES_SEEN_DEFAULT_AFTER=4m",
		"MIRRORWATCH_RULES_SEEN_LIMIT=90",
		"MIRRORWATCH_DATA_DIR=", // empty: as good as not set
		"MIRRORWATCH_CONNECTIONS_0_URL=nats://127.0.0.1:5222",
		"MIRRORWATCH_CONNECTIONS_1_NAME=far",
		"MIRRORWATCH_CONNECTIONS_1_URL=nats://127.0.0.1:6222",
		"MIRRORWATCH_EXPORTERS_OTLP_ENDPOINT=http://127.0.0.1:4317",
		"MIRRORWATCH_EXPORTERS_OTLP_HEADERS_X_API_KEY=hunter2",
		"MIRRORWATCH_EXPORTERS_WEBHOOK_0_NAME=ops",
		"MIRRORWATCH_EXPORTERS_WEBHOOK_0_URL=https://ops.example/hook",
		"PATH=/bin",
	)
	if cfg.Interval != 7*time.Second || cfg.LooksPerSecond != 60 || cfg.DataDir != "./data" {
		t.Errorf("got %+v", cfg)
	}
	if cfg.Rules.SeenDefault.After != 4*time.Minute || cfg.Policy().SeenCritical != pipeline.Some(90*time.Second) {
		t.Errorf("rules: got %+v", cfg.Rules)
	}
	if len(cfg.Connections) != 2 || cfg.Connections[0].Name != "dr" || cfg.Connections[1].Name != "far" {
		t.Errorf("connections: got %+v", cfg.Connections)
	}
	otlp := cfg.Exporters.OTLP
	if otlp == nil || otlp.Interval != 15*time.Second {
		t.Fatalf("otlp: got %+v", otlp)
	}
	if key, err := otlp.Headers["x-api-key"].Reveal(); err != nil || key != "hunter2" {
		t.Errorf("headers: got %q, %v", key, err)
	}
	if len(cfg.Exporters.Webhook) != 1 || cfg.Exporters.Webhook[0].Name != "ops" {
		t.Errorf("webhook: got %+v", cfg.Exporters.Webhook)
	}
}

func TestEnvironmentAloneIsAConfiguration(t *testing.T) {
	cfg, _, err := LoadConfig("", []string{
		"MIRRORWATCH_CONNECTIONS_0_NAME=dr",
		"MIRRORWATCH_CONNECTIONS_0_URL=nats://127.0.0.1:4222",
	})
	if err != nil || len(cfg.Connections) != 1 {
		t.Fatalf("got %+v, %v", cfg, err)
	}
}

func TestVariablesOfAKubernetesServiceAreNoFault(t *testing.T) {
	load(t, oneConnection,
		"MIRRORWATCH_PORT=tcp://10.0.0.1:9188",
		"MIRRORWATCH_PORT_9188_TCP=tcp://10.0.0.1:9188",
		"MIRRORWATCH_PORT_9188_TCP_ADDR=10.0.0.1",
		"MIRRORWATCH_SERVICE_HOST=10.0.0.1",
		"MIRRORWATCH_SERVICE_PORT_HTTP=9188",
		"MIRRORWATCH_DR_SERVICE_HOST=10.0.0.2",
	)
}

func TestShortLimitIsANoteAndNoFault(t *testing.T) {
	_, notes := load(t, oneConnection+"rules:\n  seen:\n    limit: 30\n")
	want := Note{
		File: "config.yaml", Line: 4, Path: "rules.seen.limit",
		Text: "30s is honoured, but a server that reconnects by itself may be silent for 50s: below 1m expect alerts that resolve by themselves",
	}
	if len(notes) != 2 || notes[1] != want {
		t.Errorf("got %v, want %v second", notes, want)
	}
	if _, notes := load(t, oneConnection+"rules: {seen: {limit: 60}}"); len(notes) != 1 || notes[0].Path != "exporters" {
		t.Errorf("got %v, want a note on exporters only", notes)
	}
}

func TestFileThatIsNotThereIsANote(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, notes := load(t, oneConnection+`
exporters:
  otlp: {endpoint: "http://127.0.0.1:4317", header_files: {authorization: /none/otlp}}
  webhook:
    - name: ops
      url_file: /none/ops-url
      signing_secret_file: `+there)
	want := []Note{
		{File: "config.yaml", Line: 4, Path: "exporters.otlp.header_files.authorization", Text: "/none/otlp cannot be read from here: no such file or directory"},
		{File: "config.yaml", Line: 7, Path: "exporters.webhook[0].url_file", Text: "/none/ops-url cannot be read from here: no such file or directory"},
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestEveryKeyHasAVariableOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, path := range keyPaths(schema(), "") {
		s := schema().at(path)
		if s.kind != shapeScalar {
			continue
		}
		name := strings.ToUpper(strings.NewReplacer(".", "_", "-", "_", "[", "_", "]", "").Replace(path))
		if other, twice := seen[name]; twice {
			t.Errorf("%s stands for %s and %s", name, other, path)
		}
		seen[name] = path
		if steps, _ := resolve(schema(), name); pathOf(steps) != path {
			t.Errorf("%s: got %s, want %s", name, pathOf(steps), path)
		}
	}
}

// at finds the shape under a path.
func (s *shape) at(path string) *shape {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if s.kind == shapeList {
			s = s.element
			continue
		}
		s, _ = s.key(part)
	}
	return s
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	cfg, _ := load(t, `
connections:
  - {name: dr, url: "nats://u:hunter2@127.0.0.1:4222"}
  - {name: far, url: "nats://127.0.0.1:4222", token: hunter2}
heartbeat: {url: "https://hc-ping.com/hunter2"}
exporters:
  otlp: {endpoint: "http://127.0.0.1:4317", headers: {authorization: hunter2}}
  slack: [{name: oncall, token: hunter2, channel: C0123456}]
`)
	shown, err := cfg.YAML()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("configuration", "config", cfg)
	for _, text := range []string{
		string(shown), string(asJSON), log.String(),
		fmt.Sprint(cfg), fmt.Sprintf("%v %+v %#v", *cfg, *cfg, *cfg), fmt.Sprintf("%+v %#v", cfg.Exporters.Slack, cfg.Exporters.OTLP),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("a secret is shown in %s", text)
		}
	}
}

func TestAliasesAreFollowed(t *testing.T) {
	cfg, _ := load(t, "interval: &i 7s\nheartbeat: {interval: 20s}\nrules: {seen-default: {after: *i}}\n"+oneConnection)
	if cfg.Rules.SeenDefault.After != 7*time.Second {
		t.Errorf("got %+v", cfg.Rules)
	}
}

func TestFileThatCannotBeReadIsOneLine(t *testing.T) {
	_, _, err := LoadConfig(filepath.Join(t.TempDir(), "none.yaml"), nil)
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "read configuration: ") {
		t.Errorf("got %v", err)
	}
}

// FuzzConfig: no text makes the reader panic, and what it accepts can be shown.
func FuzzConfig(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(oneConnection))
	f.Add([]byte("connections: &x [*x]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, _, err := parseConfig("config.yaml", text, nil)
		if err != nil {
			return
		}
		if _, err := cfg.YAML(); err != nil {
			t.Errorf("show: %v", err)
		}
	})
}
