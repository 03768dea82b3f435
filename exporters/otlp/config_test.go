package otlp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/exporters/internal/otlpconn"
)

func problems(cfg Config) []string {
	var all []string
	cfg.Validate(func(path, problem string) { all = append(all, path+": "+problem) })
	return all
}

func TestValidateNamesEveryProblem(t *testing.T) {
	isolate(t)
	cfg := Config{
		Config:   otlpconn.Config{Endpoint: "collector:4317"},
		Interval: time.Millisecond, Temporality: "eternal", Links: "some", Traces: true,
	}
	want := []string{
		`endpoint: "collector:4317" has no scheme; write http://HOST:4317 or https://HOST:4317`,
		"interval: 1ms: want at least 1s",
		`temporality: "eternal": want cumulative, delta or lowmemory`,
		`links: "some": want all or unhealthy`,
	}
	if diff := cmp.Diff(want, problems(cfg)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	good := Default()
	good.Endpoint = "https://collector"
	if got := problems(good); len(got) != 0 {
		t.Errorf("a good configuration: %q", got)
	}
}

func TestTracesNeedAWayOfTheirOwn(t *testing.T) {
	isolate(t)
	t.Setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://collector:4317")
	cfg := Default()
	if got := problems(cfg); len(got) != 0 {
		t.Errorf("metrics alone: %q", got)
	}
	cfg.Traces = true
	want := []string{"traces: endpoint: is empty, and so is OTEL_EXPORTER_OTLP_ENDPOINT; write http://HOST:4317 or https://HOST:4317"}
	if diff := cmp.Diff(want, problems(cfg)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://tracer:4317")
	if got := problems(cfg); len(got) != 0 {
		t.Errorf("with an endpoint of their own: %q", got)
	}
}

func TestTemporalityIsTheConfigurationsOrTheEnvironments(t *testing.T) {
	isolate(t)
	for _, test := range []struct {
		key      Temporality
		variable string
		want     Temporality
		problem  string
	}{
		{"", "", Cumulative, ""},
		{"", "LowMemory", LowMemory, ""},
		{Delta, "lowmemory", Delta, ""},
		{"", "deltas", "", `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "deltas": want cumulative, delta or lowmemory`},
	} {
		t.Setenv(temporalityVariable, test.variable)
		got, err := (&Config{Temporality: test.key}).temporality()
		if got != test.want || (err != nil) != (test.problem != "") || err != nil && err.Error() != test.problem {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

func TestAnExporterIsNotMadeOfWhatIsWrong(t *testing.T) {
	isolate(t)
	for variable, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT":   "collector:4317",
		"OTEL_EXPORTER_OTLP_PROTOCOL":   "http/json",
		temporalityVariable:             "eternal",
		"OTEL_EXPORTER_OTLP_HEADERS":    "hush",
		"OTEL_EXPORTER_OTLP_TIMEOUT":    "-1",
		"OTEL_EXPORTER_OTLP_CLIENT_KEY": "/nowhere",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4317")
			t.Setenv(variable, value)
			if _, err := New(t.Context(), Default(), "", nil, quiet()); err == nil {
				t.Error("no error")
			}
		})
	}
}
