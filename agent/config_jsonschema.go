package agent

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
	"time"

	"mirrorwatch/exporters/webhook"
	"mirrorwatch/pipeline/jetstream"
)

// jsonSchema is a JSON Schema, as far as one is needed to describe a configuration.
type jsonSchema struct {
	Dialect     string                 `json:"$schema,omitempty"`
	Title       string                 `json:"title,omitempty"`
	Description string                 `json:"description,omitempty"`
	Type        any                    `json:"type,omitempty"` // one or several
	Default     any                    `json:"default,omitempty"`
	Enum        []any                  `json:"enum,omitempty"`
	Pattern     string                 `json:"pattern,omitempty"`
	Const       any                    `json:"const,omitempty"`
	AnyOf       []*jsonSchema          `json:"anyOf,omitempty"`
	Items       *jsonSchema            `json:"items,omitempty"`
	Properties  map[string]*jsonSchema `json:"properties,omitempty"`
	Additional  any                    `json:"additionalProperties,omitempty"` // false, or a schema
}

// What texts look like, as ECMA 262 writes it.
const (
	durationPattern = `^[-+]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`
	agePattern      = `^(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w|y))+)$`
	sizePattern     = `^[0-9]{1,15}(B|KiB|MiB|GiB)?$`
	timePattern     = `^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$`
)

// newJSONSchema describes the whole configuration. No key is required: the environment may give any.
func newJSONSchema() *jsonSchema {
	root := describe(schema(), reflect.ValueOf(DefaultConfig()), "", descriptions())
	root.Dialect, root.Title = "https://json-schema.org/draft/2020-12/schema", "The configuration of mirrorwatch"
	return root
}

// describe makes the schema of a shape. The value holds its defaults; an invalid one has none.
func describe(s *shape, defaults reflect.Value, path string, texts map[string]string) *jsonSchema {
	j := &jsonSchema{Description: textOf(texts, path)}
	if defaults.IsValid() && defaults.Kind() == reflect.Pointer {
		if defaults.IsNil() {
			defaults = fresh(defaults.Type().Elem())
		} else {
			defaults = defaults.Elem()
		}
	}
	switch s.kind {
	case shapeMapping:
		j.Type, j.Additional, j.Properties = orNull("object"), false, map[string]*jsonSchema{}
		for _, k := range s.keys {
			j.Properties[k.name] = describe(k.shape, defaults.FieldByIndex(k.index), join(path, k.name), texts)
		}
	case shapeTable:
		j.Type = orNull("object")
		j.Additional = notNull(describe(s.element, fresh(s.element.typ), path+".*", texts))
	case shapeList:
		element := describe(s.element, fresh(s.element.typ), path+"[]", texts)
		list := &jsonSchema{Type: "array", Items: element}
		if s.single {
			j.AnyOf = []*jsonSchema{notNull(element), list}
			if hasDefault(path) {
				j.AnyOf = append(j.AnyOf, &jsonSchema{Type: "null"})
			}
			break
		}
		j.Type, j.Items = orNull("array"), element
	case shapeScalar:
		describeScalar(j, s.typ)
		if node := scalarNode(defaults); node != nil {
			_ = node.Decode(&j.Default) // of a node that was made of a value
		}
		if values := valuesOf(path); values != nil {
			j.Type, j.Enum = nil, append(values, nil)
		}
	}
	return j
}

// fresh is a value of a type with the defaults of its component.
func fresh(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	setDefaults(v.Interface())
	return v.Elem()
}

func orNull(types ...string) []string { return append(types, "null") }

// notNull is the schema of what needs a value.
func notNull(j *jsonSchema) *jsonSchema {
	if types, several := j.Type.([]string); several {
		j.Type = slices.DeleteFunc(types, func(t string) bool { return t == "null" })
	}
	return j
}

// describeScalar says what the reader takes. It reads the text of any scalar, so a name may look like a number.
func describeScalar(j *jsonSchema, t reflect.Type) {
	switch t {
	case reflect.TypeFor[time.Duration]():
		j.AnyOf = []*jsonSchema{{Type: "string", Pattern: durationPattern}, {Const: 0}, {Type: "null"}}
		return
	case reflect.TypeFor[Limit]():
		j.Type = orNull("string", "number")
		return
	case reflect.TypeFor[Age]():
		j.Type, j.Pattern = orNull("string"), agePattern
		return
	case reflect.TypeFor[Size]():
		j.Type, j.Pattern = orNull("string", "integer"), sizePattern
		return
	case reflect.TypeFor[TimeOfDay]():
		j.Type, j.Pattern = orNull("string"), timePattern
		return
	case reflect.TypeFor[jetstream.URLs]():
		j.Type = orNull("string")
		return
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		j.Type = orNull("string", "number", "boolean")
		return
	}
	switch t.Kind() {
	case reflect.Bool:
		j.Type = orNull("boolean")
	case reflect.Int, reflect.Int64:
		j.Type = orNull("integer")
	case reflect.Float64:
		j.Type = orNull("number")
	default:
		j.Type = orNull("string", "number", "boolean")
	}
}

// valuesOf is the texts that a key may hold where there are few.
func valuesOf(path string) []any {
	switch path {
	case "connections[].scope":
		return []any{"account", "system", ""}
	case "http.metrics.links", "exporters.otlp.links":
		return []any{"all", "unhealthy"}
	case "exporters.otlp.protocol", "exporters.otlplog[].protocol":
		return []any{"grpc", "http/protobuf", ""}
	case "exporters.otlp.compression", "exporters.otlplog[].compression":
		return []any{"gzip", "none", ""}
	case "exporters.otlp.temporality":
		return []any{"cumulative", "delta", "lowmemory", ""}
	case "exporters.webhook[].body":
		values := []any{""}
		for _, body := range webhook.Bodies() {
			values = append(values, body)
		}
		return values
	}
	return nil
}

// textOf finds the description of a key: its own, or that of all keys of its name.
func textOf(texts map[string]string, path string) string {
	for _, from := range []string{path, "*." + path[strings.LastIndex(path, ".")+1:]} {
		if text, ok := texts[from]; ok {
			return text
		}
	}
	if at := strings.Index(path, ".match."); at >= 0 {
		return texts[path[at+1:]]
	}
	return ""
}
