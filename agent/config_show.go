package agent

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// YAML returns the configuration as a file would give it: keys in the order of their struct, those that hold nothing
// left out, secrets as <secret>. What a component's type hides of itself is hidden here too.
func (c *Config) YAML() ([]byte, error) {
	node := nodeOf(schema(), reflect.ValueOf(c))
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return out.Bytes(), nil
}

// nodeOf returns nil for a value that holds nothing.
func nodeOf(s *shape, v reflect.Value) *yaml.Node {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch s.kind {
	case shapeMapping:
		node := &yaml.Node{Kind: yaml.MappingNode}
		for _, k := range s.keys {
			if value := v.FieldByIndex(k.index); !silentAtZero(k.name) || !value.IsZero() {
				appendEntry(node, k.name, nodeOf(k.shape, value))
			}
		}
		return unlessEmpty(node)
	case shapeTable:
		node := &yaml.Node{Kind: yaml.MappingNode}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			appendEntry(node, key.String(), nodeOf(s.element, v.MapIndex(key)))
		}
		return unlessEmpty(node)
	case shapeList:
		node := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			if element := nodeOf(s.element, v.Index(i)); element != nil {
				node.Content = append(node.Content, element)
			}
		}
		if s.single && !v.IsNil() && v.Len() == 0 {
			return node // an empty one says something else than none
		}
		return unlessEmpty(node)
	}
	return scalarNode(v)
}

// silentAtZero tells whether a key's zero says nothing: every rule has a hold, and hardly any uses it; a timeout that is left out is the
// environment's, or a default.
func silentAtZero(key string) bool { return key == "hold" || key == "timeout" }

func scalarNode(v reflect.Value) *yaml.Node {
	text := ""
	switch value := v.Interface().(type) {
	case encoding.TextMarshaler:
		b, err := value.MarshalText()
		if err != nil {
			return nil
		}
		text = string(b)
	case time.Duration:
		text = durationText(value)
	default:
		text = fmt.Sprint(value)
	}
	if text == "" || v.Kind() == reflect.Bool && !v.Bool() {
		return nil
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	if v.Kind() == reflect.String {
		node.SetString(text)
	}
	return node
}

func appendEntry(node *yaml.Node, key string, value *yaml.Node) {
	if value == nil {
		return
	}
	name := &yaml.Node{}
	name.SetString(key)
	node.Content = append(node.Content, name, value)
}

func unlessEmpty(node *yaml.Node) *yaml.Node {
	if len(node.Content) == 0 {
		return nil
	}
	return node
}
