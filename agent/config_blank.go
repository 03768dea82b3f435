package agent

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// This file holds what keys without a value stand for.

const noValue = "has no value; write one, or leave the key out"

// isNull tells whether nothing was written, or null.
func isNull(n *yaml.Node) bool {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// walkNull returns what a key without a value stands for. One that takes a value has its default then, and a section is as if it
// were left out; one that is off where it is left out was asked for by its name, and is on. What is worth a word is kept until it is
// known what the environment fills.
func (d *document) walkNull(s *shape, path string) (any, bool) {
	switch {
	case s.optional:
		return empty(s), true
	case s.single && !hasDefault(path):
		d.wanting = append(d.wanting, path)
	case path != "" && (s.kind != shapeScalar || s.secret() || strings.HasSuffix(path, "_file")):
		d.blank = append(d.blank, path)
	}
	return nil, false
}

// hasDefault tells whether a list of texts has a default. For want of any other more would match than was meant, or nobody be told.
func hasDefault(path string) bool {
	return strings.HasSuffix(path, ".group_by") || strings.HasSuffix(path, ".days")
}

// judgeBlank makes faults of keys that need a value and have none from the environment either.
func (d *document) judgeBlank(cfg *Config, environ []string) {
	values := variables(environ)
	for _, path := range d.wanting {
		if !d.filled(path) && !d.headerGiven(path, cfg, values) {
			d.faults = append(d.faults, d.note(path, noValue))
		}
	}
}

// remarkBlank tells of sections, files and secrets of which neither file nor environment says anything, and of a heartbeat that
// calls nobody.
func (d *document) remarkBlank(cfg *Config, report func(path, text string)) {
	for _, path := range d.blank {
		if !d.filled(path) {
			report(path, "is empty: it counts as left out")
		}
	}
	if _, given := d.places["heartbeat"]; given && !cfg.Heartbeat.Enabled() && !slices.Contains(d.blank, "heartbeat") {
		report("heartbeat", "has neither url nor url_file: nobody is called")
	}
}

// filled tells whether the environment gave the key, or something under it.
func (d *document) filled(path string) bool {
	if d.places[path].variable != "" {
		return true
	}
	for at, place := range d.places {
		// Keys of metadata and headers may have dots: another one of the file may look like something under this one.
		if place.variable != "" && (strings.HasPrefix(at, path+".") || strings.HasPrefix(at, path+"[")) {
			return true
		}
	}
	return false
}

var headerPath = regexp.MustCompile(`^(exporters\.(otlp|otlplog)\b.*\.header(?:s|_files)\.)(.+)$`)

// headerGiven tells whether the path is of a header that the environment gives, be it in other letters, or in OTEL_EXPORTER_OTLP_* to
// all that is sent with it.
func (d *document) headerGiven(path string, cfg *Config, values map[string]string) bool {
	parts := headerPath.FindStringSubmatch(path)
	if parts == nil {
		return false
	}
	name, signals := strings.ToLower(parts[3]), []string{"LOGS"}
	if parts[2] == "otlp" {
		signals = cfg.signals(values)
	}
	return d.filled(parts[1]+name) || headerSent(values, name, signals)
}
