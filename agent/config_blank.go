package agent

import (
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
// were left out, which is noted; one that is off where it is left out was asked for by its name, and is on. Patterns and names
// that are not said are a fault: without them more would match than was meant.
func (d *document) walkNull(s *shape, path string, line int) (any, bool) {
	switch {
	case s.optional:
		return empty(s), true
	case s.single:
		d.faults = append(d.faults, Note{File: d.file, Line: line, Path: path, Text: noValue})
	case s.kind != shapeScalar && path != "":
		d.blank = append(d.blank, path)
	}
	return nil, false
}

// remarkBlank tells of sections in which neither file nor environment says anything, and of a heartbeat that calls nobody.
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

// filled tells whether something under the path was given.
func (d *document) filled(path string) bool {
	for at := range d.places {
		if strings.HasPrefix(at, path+".") || strings.HasPrefix(at, path+"[") {
			return true
		}
	}
	return false
}
