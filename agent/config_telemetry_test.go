package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const withOTLP = oneConnection + "exporters: {otlp: {endpoint: \"http://127.0.0.1:4317\"}, webhook: [{name: ops, url: \"https://ops.example/hook\"}]}\n"

func TestResourceAttributesOfTheEnvironmentAreChecked(t *testing.T) {
	for value, want := range map[string][]string{
		"":                             nil,
		" ":                            nil,
		"zone=a, cell = b%20c ,empty=": nil,
		"a=b=c":                        nil,
		"zone=a,hunter2":               {"entry 2 has no =; write NAME=VALUE,NAME=VALUE: it is left out"},
		"zone=a, ":                     nil,
		"zone=a,,cell=b,":              {"entry 2 is empty: it is left out"},
		"=hunter2":                     {"entry 1 has no name before its =: it is left out"},
		"zone=hunter2%zz,hunter2,load=1%": {
			"the value of zone has a faulty %; write %25 for one: it is sent as it stands",
			"entry 2 has no =; write NAME=VALUE,NAME=VALUE: it is left out",
			"the value of load has a faulty %; write %25 for one: it is sent as it stands",
		},
	} {
		_, notes := load(t, withOTLP, "OTEL_RESOURCE_ATTRIBUTES="+value)
		var got []string
		for _, note := range notes {
			if note.Variable != "OTEL_RESOURCE_ATTRIBUTES" || strings.Contains(note.String(), "hunter2") {
				t.Errorf("%q: note %s", value, note)
			}
			got = append(got, note.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", value, diff)
		}
	}
}

func TestWhatTheEnvironmentSwitchesOffIsToldByTheCheck(t *testing.T) {
	const traced = oneConnection + "exporters: {otlp: {endpoint: \"http://127.0.0.1:4317\", traces: true}, webhook: [{name: ops, url: \"https://ops.example/hook\"}]}\n"
	for _, test := range []struct{ text, variable, want string }{
		{withOTLP, "OTEL_SDK_DISABLED=", ""},
		{withOTLP, "OTEL_SDK_DISABLED=False", ""},
		{withOTLP, "OTEL_SDK_DISABLED=TRUE", "is true: exporters.otlp sends nothing; exporters.otlplog is not switched off by it"},
		{withOTLP, "OTEL_SDK_DISABLED=1", `"1": want true or false; it is taken for false`},
		{twoWebhooks, "OTEL_SDK_DISABLED=true", ""},
		{withOTLP, "OTEL_METRICS_EXPORTER=otlp", ""},
		{withOTLP, "OTEL_METRICS_EXPORTER=none", "is none: exporters.otlp sends no metrics"},
		{withOTLP, "OTEL_TRACES_EXPORTER=none", ""},
		{traced, "OTEL_TRACES_EXPORTER=none", "is none: exporters.otlp sends no traces"},
	} {
		_, notes := load(t, test.text, test.variable)
		name, _, _ := strings.Cut(test.variable, "=")
		switch {
		case test.want == "" && len(notes) == 0:
		case len(notes) != 1, notes[0].Variable != name, notes[0].Text != test.want:
			t.Errorf("%s: notes %v, want %q", test.variable, notes, test.want)
		}
	}
}

func TestHeadersOfTheEnvironmentWithoutAValueAreNoted(t *testing.T) {
	const all, metrics, traces = "OTEL_EXPORTER_OTLP_HEADERS=", "OTEL_EXPORTER_OTLP_METRICS_HEADERS=", "OTEL_EXPORTER_OTLP_TRACES_HEADERS="
	for _, test := range []struct {
		environ []string
		want    []string
	}{
		{[]string{all + "a=b"}, nil},
		{[]string{all + "a= , b=c,d="}, []string{"OTEL_EXPORTER_OTLP_HEADERS 1", "OTEL_EXPORTER_OTLP_HEADERS 3"}},
		{[]string{all + "a=", metrics + "b="}, []string{"OTEL_EXPORTER_OTLP_METRICS_HEADERS 1"}},
		{[]string{traces + "a="}, nil}, // none are sent
	} {
		_, notes := load(t, withOTLP, test.environ...)
		var got []string
		for _, note := range notes {
			name, _, _ := strings.Cut(strings.TrimPrefix(note.Text, "the value of entry "), " is empty: it counts as not given")
			got = append(got, note.Variable+" "+name)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.environ, diff)
		}
	}
}
