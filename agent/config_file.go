package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tree is a configuration as koanf holds it: mappings are map[string]any, lists []any, and every scalar is the
// text that was written.
type tree = map[string]any

// document is one configuration while it is read: its tree, where each value came from, and what is wrong so far.
type document struct {
	file     string
	tree     tree
	places   map[string]place // by path
	faults   Faults
	misnamed []string // paths of keys that an unknown one was probably meant to be
	blank    []string // paths of keys with nothing behind them that are worth a note
	wanting  []string // paths of keys with nothing behind them that need a value
	unread   bool     // the text is not YAML: nothing can be said of its content
}

// place is where a value was given: a line of the file, or an environment variable.
type place struct {
	line     int
	variable string
}

// readFile walks the text of a YAML file against the schema. Whatever is wrong becomes a fault and is left out of the tree.
func readFile(file string, text []byte) *document {
	d := &document{file: file, tree: tree{}, places: map[string]place{}}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var root, more yaml.Node
	if err := decoder.Decode(&root); err != nil {
		if !errors.Is(err, io.EOF) {
			d.unread = true
			d.faults = append(d.faults, d.syntaxFault(err, text))
		}
		return d
	}
	if err := decoder.Decode(&more); err == nil {
		d.faultAt(&more, "", "a second YAML document; the configuration is one")
	}
	if value, ok := d.walk(root.Content[0], schema(), ""); ok {
		d.tree, _ = value.(tree)
	}
	return d
}

var (
	yamlErrorLine   = regexp.MustCompile(`^line (\d+): (.*)$`)
	yamlErrorAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntaxFault tells a YAML error. The name of an unknown anchor is left out: it may be a password that begins with
// an asterisk.
func (d *document) syntaxFault(err error, text []byte) Note {
	note := Note{File: d.file, Text: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlErrorLine.FindStringSubmatch(note.Text); m != nil {
		note.Line, _ = strconv.Atoi(m[1])
		note.Text = m[2]
	}
	if m := yamlErrorAnchor.FindStringSubmatch(note.Text); m != nil {
		if before, _, found := bytes.Cut(text, []byte("*"+m[1])); found {
			note.Line = 1 + bytes.Count(before, []byte("\n"))
		}
		note.Text = "a value begins with * but names no anchor; put it in quotes"
	}
	note.Text = "not YAML: " + note.Text
	return note
}

func (d *document) faultAt(n *yaml.Node, path, text string) {
	d.faults = append(d.faults, Note{File: d.file, Line: n.Line, Path: path, Text: text})
}

// walk returns the value under n in the tree's form. It is false for nothing: a fault, or a null where that is as good as no key.
func (d *document) walk(n *yaml.Node, s *shape, path string) (any, bool) {
	line := n.Line
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.places[path] = place{line: line}
	switch {
	case isNull(n):
		return d.walkNull(s, path)
	case s.kind == shapeMapping && n.Kind == yaml.MappingNode:
		return d.walkMapping(n, s, path), true
	case s.kind == shapeTable && n.Kind == yaml.MappingNode:
		return d.walkTable(n, s, path), true
	case s.kind == shapeList && n.Kind == yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, element := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			value, ok := d.walk(element, s.element, at)
			if !ok {
				value = empty(s.element)
				d.places[at] = place{line: element.Line}
			}
			list = append(list, value)
		}
		return list, true
	case s.single && n.Kind == yaml.ScalarNode:
		return []any{n.Value}, true
	case s.kind == shapeScalar && n.Kind == yaml.ScalarNode:
		if problem := s.checkScalar(n.Value); problem != "" {
			d.faults = append(d.faults, Note{File: d.file, Line: line, Path: path, Text: problem})
			return nil, false
		}
		return n.Value, true
	}
	d.faults = append(d.faults, Note{File: d.file, Line: line, Path: path, Text: want(s, n)})
	return nil, false
}

func (d *document) walkMapping(n *yaml.Node, s *shape, path string) tree {
	m := tree{}
	d.eachKey(n, path, func(key, value *yaml.Node) {
		at := join(path, key.Value)
		child, known := s.key(key.Value)
		if !known {
			d.faultUnknown(key, path, s.names())
			return
		}
		if v, ok := d.walk(value, child, at); ok {
			m[key.Value] = v
		}
		d.places[at] = place{line: key.Line}
	})
	return m
}

// walkTable takes a key of the operator's own choice for meant: it needs a value.
func (d *document) walkTable(n *yaml.Node, s *shape, path string) tree {
	m := tree{}
	d.eachKey(n, path, func(key, value *yaml.Node) {
		at := join(path, key.Value)
		if isNull(value) {
			d.wanting = append(d.wanting, at)
		} else if v, ok := d.walk(value, s.element, at); ok {
			m[key.Value] = v
		}
		d.places[at] = place{line: key.Line}
	})
	return m
}

// eachKey visits the entries of a mapping and tells keys that are no text, or given twice.
func (d *document) eachKey(n *yaml.Node, path string, visit func(key, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.faultAt(key, path, "a key that is not plain text")
			continue
		}
		if first, twice := seen[key.Value]; twice {
			d.faultAt(key, join(path, key.Value), fmt.Sprintf("given twice, first on line %d", first))
			continue
		}
		seen[key.Value] = key.Line
		visit(key, value)
	}
}

func (d *document) faultUnknown(key *yaml.Node, path string, known []string) {
	text := "unknown key (known here: " + strings.Join(known, ", ") + ")"
	if slices.Contains(known, "metadata") { // of a stream, to match by
		text += fmt.Sprintf("; a key of the stream's metadata is metadata: {%s: …}", key.Value)
	}
	if near := nearest(key.Value, known); near != "" {
		text = fmt.Sprintf("unknown key (did you mean %s?)", near)
		d.misnamed = append(d.misnamed, join(path, near))
	}
	d.faultAt(key, join(path, key.Value), text)
}

// want says what belongs where n stands.
func want(s *shape, n *yaml.Node) string {
	wanted := map[shapeKind]string{
		shapeScalar:  "one value",
		shapeMapping: "a mapping of keys",
		shapeTable:   "a mapping of keys",
		shapeList:    "a list",
	}[s.kind]
	got := map[yaml.Kind]string{
		yaml.ScalarNode:   "one value",
		yaml.MappingNode:  "a mapping",
		yaml.SequenceNode: "a list",
	}[n.Kind]
	if s.single {
		wanted = "one value or a list"
	}
	text := fmt.Sprintf("want %s here, not %s", wanted, got)
	if s.kind == shapeMapping {
		text += ": " + strings.Join(s.names(), ", ")
	}
	return text
}

func empty(s *shape) any {
	switch s.kind {
	case shapeMapping, shapeTable:
		return tree{}
	case shapeList:
		return []any{}
	default:
		return ""
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
