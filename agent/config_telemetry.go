package agent

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

const (
	everythingOff   = "OTEL_SDK_DISABLED"
	metricsExporter = "OTEL_METRICS_EXPORTER"
	tracesExporter  = "OTEL_TRACES_EXPORTER"
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
		for _, name := range c.headerVariables(values) {
			remarkHeaders(values[name], func(text string) { report(name, text) })
		}
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

// headersOf is the variable that gives a signal its headers.
func headersOf(values map[string]string, signal string) string {
	if own := "OTEL_EXPORTER_OTLP_" + signal + "_HEADERS"; values[own] != "" {
		return own
	}
	return "OTEL_EXPORTER_OTLP_HEADERS"
}

// headerSent tells whether the environment gives a header, in lower case, to each of the signals. One without a value is not given.
func headerSent(values map[string]string, header string, signals []string) bool {
	return !slices.ContainsFunc(signals, func(signal string) bool {
		for entry := range strings.SplitSeq(values[headersOf(values, signal)], ",") {
			name, value, _ := strings.Cut(entry, "=")
			if strings.EqualFold(strings.TrimSpace(name), header) && strings.TrimSpace(value) != "" {
				return false
			}
		}
		return true
	})
}

// headerVariables are those that give headers to something that is sent.
func (c *Config) headerVariables(values map[string]string) []string {
	var signals, names []string
	if c.Exporters.OTLP != nil {
		signals = c.signals(values)
	}
	if len(c.Exporters.OTLPLog) > 0 {
		signals = append(signals, "LOGS")
	}
	for _, signal := range signals {
		names = append(names, headersOf(values, signal))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// remarkHeaders tells which headers, written NAME=VALUE,NAME=VALUE, have no value. It names none: what stands before the = may be a
// secret that ends in one.
func remarkHeaders(text string, report func(text string)) {
	for i, entry := range strings.Split(text, ",") {
		if _, value, paired := strings.Cut(entry, "="); paired && strings.TrimSpace(value) == "" {
			report(fmt.Sprintf("the value of entry %d is empty: it counts as not given", i+1))
		}
	}
}

// signals are what exporters.otlp sends, as OTEL_EXPORTER_OTLP_* call it.
func (c *Config) signals(values map[string]string) (sent []string) {
	if strings.EqualFold(values[everythingOff], "true") {
		return nil
	}
	if values[metricsExporter] != "none" {
		sent = append(sent, "METRICS")
	}
	if c.Exporters.OTLP != nil && c.Exporters.OTLP.Traces && values[tracesExporter] != "none" {
		sent = append(sent, "TRACES")
	}
	return sent
}

// remarkOff tells what switches exporters.otlp off, or is no word for it.
func remarkOff(values map[string]string, traces bool, report func(variable, text string)) {
	switch text := values[everythingOff]; strings.ToLower(text) {
	case "true":
		report(everythingOff, "is true: exporters.otlp sends nothing; exporters.otlplog is not switched off by it")
		return
	case "", "false":
	default:
		report(everythingOff, fmt.Sprintf("%q: want true or false; it is taken for false", text))
	}
	if values[metricsExporter] == "none" {
		report(metricsExporter, "is none: exporters.otlp sends no metrics")
	}
	if traces && values[tracesExporter] == "none" {
		report(tracesExporter, "is none: exporters.otlp sends no traces")
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
