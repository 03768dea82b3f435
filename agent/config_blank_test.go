package agent

import (
	"fmt"
	"strings"
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

func TestNamedOTLPNeedsNoEndpointWhereItIsSwitchedOff(t *testing.T) {
	t.Setenv("OTEL_SDK_DISABLED", "true")
	load(t, oneConnection+"exporters: {otlp: }\n")
	if _, _, err := parseConfig("config.yaml", []byte(oneConnection+"exporters: {otlp: {endpoint: here}}\n"), nil); err == nil {
		t.Error("a wrong endpoint is accepted")
	}
}

func TestEmptySectionsAndSecretsAreNoted(t *testing.T) {
	_, notes := load(t, oneConnection+`exporters:
  webhook: [{name: ops, url: "https://ops.example/hook"}]
  slack:
  alertmanager: ~
rules: {lag: }
http: {token_file: , token: }
heartbeat:
routes: [{match: , receivers: ops, group_by: }]
maintenance: [{name: m, match: {rule: "*", metadata: }, from: "22:00", to: "23:00", days: }]
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
		"config.yaml:7: http.token: is empty: it counts as left out",
		"config.yaml:7: http.token_file: is empty: it counts as left out",
		"config.yaml:8: heartbeat: is empty: it counts as left out",
		"config.yaml:9: routes[0].group_by: is empty: it counts as left out",
		"config.yaml:9: routes[0].match: is empty: it counts as left out",
		"config.yaml:10: maintenance[0].days: is empty: it counts as left out",
		"config.yaml:10: maintenance[0].match.metadata: is empty: it counts as left out",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestEmptySectionThatTheEnvironmentFillsIsNotNoted(t *testing.T) {
	_, notes := load(t, oneConnection+"exporters: {webhook: }\nheartbeat: {url: }\nhttp: {token_file: }\n",
		"MIRRORWATCH_HTTP_TOKEN_FILE=config_test.go",
		"MIRRORWATCH_EXPORTERS_WEBHOOK_0_NAME=ops", "MIRRORWATCH_EXPORTERS_WEBHOOK_0_URL=https://ops.example/hook",
		"MIRRORWATCH_HEARTBEAT_URL=https://hc-ping.com/x")
	if len(notes) != 0 {
		t.Errorf("notes %v", notes)
	}
}

// What needs a value may have it from the environment, and is a fault only without.
func TestEnvironmentFillsEmptyKeysThatNeedAValue(t *testing.T) {
	const route = twoWebhooks + "routes: [{match: {%s}, receivers: %s}, {receivers: ops}]\n"
	const header = oneConnection + "exporters: {otlp: {endpoint: \"http://127.0.0.1:4317\", %s}}\n"
	for _, test := range []struct{ text, variable string }{
		{fmt.Sprintf(route, "stream: ", "ops"), "MIRRORWATCH_ROUTES_0_MATCH_STREAM=PAY"},
		{fmt.Sprintf(route, "stream: ", "ops"), "MIRRORWATCH_ROUTES_0_MATCH_STREAM_0=PAY"},
		{fmt.Sprintf(route, "metadata: {owner: }", "ops"), "MIRRORWATCH_ROUTES_0_MATCH_METADATA_OWNER=x"},
		{fmt.Sprintf(route, "stream: PAY", ""), "MIRRORWATCH_ROUTES_0_RECEIVERS=ops"},
		{fmt.Sprintf(route, "stream: PAY", ""), "MIRRORWATCH_ROUTES_0_RECEIVERS_0=ops"},
		{fmt.Sprintf(header, "headers: {authorization: }"), "MIRRORWATCH_EXPORTERS_OTLP_HEADERS_AUTHORIZATION=x"},
		{fmt.Sprintf(header, "headers: {Authorization: }"), "MIRRORWATCH_EXPORTERS_OTLP_HEADERS_AUTHORIZATION=x"},
		{fmt.Sprintf(header, "header_files: {authorization: }"), "MIRRORWATCH_EXPORTERS_OTLP_HEADER_FILES_AUTHORIZATION=/x"},
		{fmt.Sprintf(header, "headers: {a: }"), "OTEL_EXPORTER_OTLP_HEADERS=b=c, A=b"},
		{fmt.Sprintf(header, "headers: {a: }"), "OTEL_EXPORTER_OTLP_METRICS_HEADERS=a=b"},
	} {
		if _, _, err := parseConfig("config.yaml", []byte(test.text), []string{test.variable}); err != nil {
			t.Errorf("%s: %v", test.variable, err)
		}
		_, _, err := parseConfig("config.yaml", []byte(test.text), []string{"OTEL_EXPORTER_OTLP_LOGS_HEADERS=a=b"})
		if err == nil || strings.Count(err.Error(), noValue) != 1 {
			t.Errorf("without %s: %v", test.variable, err)
		}
	}
}

// A header has to be given to each signal that is sent with it, and with a value.
func TestEnvironmentGivesAHeaderToAllThatIsSent(t *testing.T) {
	const all, metrics, traces, logs = "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_HEADERS"
	const plain, traced = "otlp: {%s}", "otlp: {traces: true, %s}"
	const events = "otlplog: [{name: events, %s}]"
	for _, test := range []struct {
		exporter string
		environ  []string
		given    bool
	}{
		{plain, []string{all + "=a=b"}, true},
		{plain, []string{all + "=a="}, false},
		{plain, []string{all + "=a= ,c=d"}, false},
		{plain, []string{all + "=a=b", metrics + "=c=d"}, false}, // a signal's own counts alone
		{plain, []string{metrics + "=a="}, false},
		{plain, []string{traces + "=a=b"}, false},
		{traced, []string{all + "=a=b"}, true},
		{traced, []string{metrics + "=a=b"}, false},
		{traced, []string{traces + "=a=b"}, false},
		{traced, []string{metrics + "=a=b", traces + "=a=b"}, true},
		{traced, []string{metrics + "=a=b", all + "=A=b"}, true},
		{traced, []string{metrics + "=a=b", "OTEL_TRACES_EXPORTER=none"}, true},
		{traced, []string{traces + "=a=b", "OTEL_METRICS_EXPORTER=none"}, true},
		{plain, []string{"OTEL_SDK_DISABLED=True"}, true}, // nothing is sent
		{plain, []string{"OTEL_SDK_DISABLED=yes"}, false},
		{events, []string{"OTEL_SDK_DISABLED=true"}, false},
		{events, []string{logs + "=a=b"}, true},
		{events, []string{logs + "=a="}, false},
		{events, []string{metrics + "=a=b"}, false},
	} {
		text := oneConnection + "exporters: {" + fmt.Sprintf(test.exporter, "endpoint: \"http://127.0.0.1:4317\", headers: {a: }") + "}\n"
		_, _, err := parseConfig("config.yaml", []byte(text), test.environ)
		if given := err == nil; given != test.given || !given && !strings.Contains(err.Error(), noValue) {
			t.Errorf("%s with %q: %v", test.exporter, test.environ, err)
		}
	}
}

// Keys of metadata may have dots: one is not under another.
func TestAnotherKeyFillsNoEmptyOne(t *testing.T) {
	text := twoWebhooks + "routes: [{match: {metadata: {app: , \"app.kubernetes.io/name\": x}}, receivers: ops}, {receivers: ops}]\n"
	if _, _, err := parseConfig("config.yaml", []byte(text), nil); err == nil || strings.Count(err.Error(), noValue) != 1 {
		t.Errorf("error %v, want that a pattern has no value", err)
	}
}

func TestHeartbeatWithoutURLIsNoted(t *testing.T) {
	_, notes := load(t, twoWebhooks+"heartbeat: {interval: 1m, url: }\n")
	if len(notes) != 2 || notes[0].Path != "heartbeat" || notes[0].Line == 0 || notes[1].Path != "heartbeat.url" {
		t.Errorf("notes %v", notes)
	}
}
