package agent

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"mirrorwatch/pipeline"
)

// shape is what may stand under a key, learnt from the Go type that it is read into.
type shape struct {
	kind    shapeKind
	typ     reflect.Type // never a pointer
	keys    []schemaKey  // of a mapping, in the order of the struct
	element *shape       // of a list or a table
	single  bool         // of a list: one text stands for a list of it

	optional bool // of a mapping: it is off where its key is left out
}

// schemaKey is one key of a mapping.
type schemaKey struct {
	name  string
	index []int // of the struct's field
	shape *shape
}

type shapeKind int

const (
	shapeScalar  shapeKind = iota
	shapeMapping           // a struct: fixed keys
	shapeTable             // a map: keys of the operator's choice
	shapeList
)

// schema returns the shape of the whole configuration.
func schema() *shape { return shapeOf(reflect.TypeFor[Config]()) }

// shapeOf panics on a type that a configuration cannot hold: that is a fault of the program.
func shapeOf(t reflect.Type) *shape {
	if t.Kind() == reflect.Pointer {
		s := shapeOf(t.Elem())
		s.optional = true
		return s
	}
	s := &shape{typ: t}
	if isScalar(t) {
		return s
	}
	switch t.Kind() {
	case reflect.Struct:
		s.kind = shapeMapping
		for _, field := range reflect.VisibleFields(t) {
			tag, tagged := field.Tag.Lookup("koanf")
			if name, _, _ := strings.Cut(tag, ","); tagged && name != "" && name != "-" {
				s.keys = append(s.keys, schemaKey{name: name, index: field.Index, shape: shapeOf(field.Type)})
			}
		}
	case reflect.Map:
		s.kind, s.element = shapeTable, shapeOf(t.Elem())
	case reflect.Slice:
		s.kind, s.element = shapeList, shapeOf(t.Elem())
		s.single = t == reflect.TypeFor[OneOrMore]()
	default:
		panic(fmt.Sprintf("configuration of type %s", t))
	}
	return s
}

func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return true
	}
	return false
}

// secret tells whether values of the shape must not be shown.
func (s *shape) secret() bool { return s.typ == reflect.TypeFor[pipeline.Secret]() }

// key finds a key of a mapping.
func (s *shape) key(name string) (*shape, bool) {
	for _, k := range s.keys {
		if k.name == name {
			return k.shape, true
		}
	}
	return nil, false
}

func (s *shape) names() []string {
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.name
	}
	return names
}
