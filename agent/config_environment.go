package agent

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/providers/env/v2"
)

// EnvironmentPrefix begins the names of variables that set keys of the configuration. The key's path follows in
// upper case, its parts joined by "_", a dash written as "_", a place in a list as its number from 0:
// connections[0].url is MIRRORWATCH_CONNECTIONS_0_URL. A key of the operator's own choice (a header's name) is taken in
// lower case with "-" for "_". An empty variable sets nothing.
const EnvironmentPrefix = "MIRRORWATCH_"

// Kubernetes sets these in each container for a Service whose name begins with mirrorwatch.
var serviceVariable = regexp.MustCompile(
	`^MIRRORWATCH_(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// step is one part of a path: a key, or a place in a list.
type step struct {
	key   string
	index int // -1: key counts
}

// override is one variable with the key that it sets.
type override struct {
	variable, value string
	steps           []step
	shape           *shape // of the value
}

// environment returns the provider of the variables that name a key, each an override under its own name.
func (d *document) environment(environ []string) *env.Env {
	root := schema()
	return env.Provider("", env.Opt{
		Prefix:      EnvironmentPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(variable, value string) (string, any) {
			if value == "" {
				return "", nil
			}
			steps, s := resolve(root, strings.TrimPrefix(variable, EnvironmentPrefix))
			if s == nil {
				if !serviceVariable.MatchString(variable) {
					d.faults = append(d.faults, Note{Variable: variable, Text: "names no key of the configuration"})
				}
				return "", nil
			}
			return variable, override{variable: variable, value: value, steps: steps, shape: s}
		},
	})
}

// overlay lays overrides over dest, in the order of their paths, so that a list grows from its end.
func (d *document) overlay(overrides, dest map[string]any) error {
	ordered := slices.SortedFunc(maps.Values(overrides), func(a, b any) int {
		return slices.CompareFunc(a.(override).steps, b.(override).steps, func(x, y step) int {
			return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.index, y.index))
		})
	})
	for _, o := range ordered {
		o := o.(override)
		if problem := o.shape.checkScalar(o.value); problem != "" {
			d.faults = append(d.faults, Note{Variable: o.variable, Path: pathOf(o.steps), Text: problem})
			continue
		}
		if _, err := set(dest, o.steps, o.value); err != nil {
			d.faults = append(d.faults, Note{Variable: o.variable, Path: pathOf(o.steps), Text: err.Error()})
			continue
		}
		d.place(o)
	}
	return nil
}

// place notes where the override's value came from, and the containers that were made for it.
func (d *document) place(o override) {
	for i := range o.steps[:len(o.steps)-1] {
		path := pathOf(o.steps[:i+1])
		if _, known := d.places[path]; !known {
			d.places[path] = place{variable: o.variable}
		}
	}
	d.places[pathOf(o.steps)] = place{variable: o.variable}
}

// set returns at with value laid at the end of steps.
func set(at any, steps []step, value string) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	first, rest := steps[0], steps[1:]
	if first.index < 0 {
		m, _ := at.(tree)
		if m == nil {
			m = tree{}
		}
		child, err := set(m[first.key], rest, value)
		if err == nil {
			m[first.key] = child
		}
		return m, err
	}
	list, _ := at.([]any)
	if first.index > len(list) {
		return nil, fmt.Errorf("the list has %d entries so far; the next is number %d", len(list), len(list))
	}
	if first.index == len(list) {
		list = append(list, nil)
	}
	child, err := set(list[first.index], rest, value)
	if err == nil {
		list[first.index] = child
	}
	return list, err
}

// resolve finds the key of which rest is the name in a variable, and the shape of its value; nil: there is none.
func resolve(s *shape, rest string) ([]step, *shape) {
	switch s.kind {
	case shapeScalar:
		if rest == "" {
			return nil, s
		}
	case shapeList:
		if rest == "" && s.single {
			return nil, s.element
		}
		digits, after, _ := strings.Cut(rest, "_")
		if index, err := strconv.ParseUint(digits, 10, 16); err == nil {
			return prepend(step{index: int(index)}, s.element, after)
		}
	case shapeTable:
		if rest != "" {
			return prepend(step{key: strings.ReplaceAll(strings.ToLower(rest), "_", "-"), index: -1}, s.element, "")
		}
	case shapeMapping:
		for _, k := range s.keys {
			after, ok := strings.CutPrefix(rest, strings.ToUpper(strings.ReplaceAll(k.name, "-", "_")))
			if !ok || (after != "" && after[0] != '_') {
				continue
			}
			if steps, found := prepend(step{key: k.name, index: -1}, k.shape, strings.TrimPrefix(after, "_")); found != nil {
				return steps, found
			}
		}
	}
	return nil, nil
}

func prepend(first step, s *shape, rest string) ([]step, *shape) {
	steps, found := resolve(s, rest)
	return append([]step{first}, steps...), found
}

func pathOf(steps []step) string {
	path := ""
	for _, s := range steps {
		if s.index >= 0 {
			path = fmt.Sprintf("%s[%d]", path, s.index)
		} else {
			path = join(path, s.key)
		}
	}
	return path
}
