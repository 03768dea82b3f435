package agent

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// remarkTelemetry tells what the environment does to OTLP beside the ways there, which are checked with the keys that they stand
// for. None of it is a fault: these variables are often shared with other programs, and a word in them stops no agent.
func (c *Config) remarkTelemetry(environ []string) []Note {
	values := variables(environ)
	var notes []Note
	report := func(variable, text string) { notes = append(notes, Note{Variable: variable, Text: text}) }
	if c.Exporters.OTLP != nil {
		remarkOff(values, c.Exporters.OTLP.Traces, report)
	}
	if c.Exporters.OTLP != nil || len(c.Exporters.OTLPLog) > 0 {
		const name = "OTEL_RESOURCE_ATTRIBUTES"
		remarkAttributes(values[name], func(text string) { report(name, text) })
	}
	return notes
}

// variables is the environment by name, without space around the values.
func variables(environ []string) map[string]string {
	values := map[string]string{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = strings.TrimSpace(value)
	}
	return values
}

// headerNames is the names of the headers, in lower case, that the environment gives to a signal (METRICS, LOGS).
func headerNames(values map[string]string, signal string) []string {
	var names []string
	text := cmp.Or(values["OTEL_EXPORTER_OTLP_"+signal+"_HEADERS"], values["OTEL_EXPORTER_OTLP_HEADERS"])
	for entry := range strings.SplitSeq(text, ",") {
		if name, _, paired := strings.Cut(entry, "="); paired {
			names = append(names, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	return names
}

// remarkOff tells what switches exporters.otlp off, or is no word for it.
func remarkOff(values map[string]string, traces bool, report func(variable, text string)) {
	const all, metrics, spans = "OTEL_SDK_DISABLED", "OTEL_METRICS_EXPORTER", "OTEL_TRACES_EXPORTER"
	switch text := values[all]; strings.ToLower(text) {
	case "true":
		report(all, "is true: exporters.otlp sends nothing; exporters.otlplog is not switched off by it")
		return
	case "", "false":
	default:
		report(all, fmt.Sprintf("%q: want true or false; it is taken for false", text))
	}
	if values[metrics] == "none" {
		report(metrics, "is none: exporters.otlp sends no metrics")
	}
	if traces && values[spans] == "none" {
		report(spans, "is none: exporters.otlp sends no traces")
	}
}

// remarkAttributes tells what is not understood of attributes written NAME=VALUE,NAME=VALUE, the values as in a URL; a comma may end
// them. No value is part of what it says.
func remarkAttributes(text string, report func(text string)) {
	text = strings.TrimSuffix(text, ",")
	if text == "" {
		return
	}
	for i, entry := range strings.Split(text, ",") {
		name, value, paired := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		switch {
		case strings.TrimSpace(entry) == "":
			report(fmt.Sprintf("entry %d is empty: it is left out", i+1))
		case !paired:
			report(fmt.Sprintf("entry %d has no =; write NAME=VALUE,NAME=VALUE: it is left out", i+1))
		case name == "":
			report(fmt.Sprintf("entry %d has no name before its =: it is left out", i+1))
		default:
			if _, err := url.PathUnescape(strings.TrimSpace(value)); err != nil {
				report(fmt.Sprintf("the value of %s has a faulty %%; write %%25 for one: it is sent as it stands", name))
			}
		}
	}
}
