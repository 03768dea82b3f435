package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A section that is off where it is left out is on where it is named, as with {}.
func TestNamedOTLPWithNothingUnderItIsOn(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
	for _, text := range []string{"exporters: {otlp: }\n", "exporters: {otlp: {}}\n", "exporters:\n  otlp:\n    # all of it is off\n"} {
		cfg, notes := load(t, oneConnection+text)
		if cfg.Exporters.OTLP == nil || cfg.Exporters.OTLP.Interval == 0 {
			t.Errorf("%q: got %+v", text, cfg.Exporters.OTLP)
		}
		if len(notes) != 1 || notes[0].Path != "exporters" {
			t.Errorf("%q: notes %v", text, notes)
		}
	}
}

func TestEmptySectionsAreNoted(t *testing.T) {
	_, notes := load(t, oneConnection+`exporters:
  webhook: [{name: ops, url: "https://ops.example/hook"}]
  slack:
  alertmanager: ~
rules: {lag: }
http:
heartbeat:
routes:
links: {}
interval:
`)
	var got []string
	for _, note := range notes {
		got = append(got, note.String())
	}
	want := []string{
		"config.yaml:4: exporters.slack: is empty: it counts as left out",
		"config.yaml:5: exporters.alertmanager: is empty: it counts as left out",
		"config.yaml:6: rules.lag: is empty: it counts as left out",
		"config.yaml:7: http: is empty: it counts as left out",
		"config.yaml:8: heartbeat: is empty: it counts as left out",
		"config.yaml:9: routes: is empty: it counts as left out",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestEmptySectionThatTheEnvironmentFillsIsNotNoted(t *testing.T) {
	_, notes := load(t, oneConnection+"exporters: {webhook: }\nheartbeat: {url: }\n",
		"MIRRORWATCH_EXPORTERS_WEBHOOK_0_NAME=ops", "MIRRORWATCH_EXPORTERS_WEBHOOK_0_URL=https://ops.example/hook",
		"MIRRORWATCH_HEARTBEAT_URL=https://hc-ping.com/x")
	if len(notes) != 0 {
		t.Errorf("notes %v", notes)
	}
}

func TestHeartbeatWithoutURLIsNoted(t *testing.T) {
	_, notes := load(t, twoWebhooks+"heartbeat: {interval: 1m, url: }\n")
	if len(notes) != 1 || notes[0].Path != "heartbeat" || notes[0].Line == 0 {
		t.Errorf("notes %v", notes)
	}
}
