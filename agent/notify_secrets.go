package agent

import (
	"cmp"
	"os"
	"reflect"
	"slices"
	"strings"

	"mirrorwatch/pipeline"
)

// scrubber returns a function that takes every secret of the configured destinations out of a text. They hide them
// themselves; this is the second lock.
func (e *ExportersConfig) scrubber() func(string) string {
	var secrets []string
	add := func(text string) {
		if text = strings.TrimSpace(text); len(text) >= 4 { // less would spoil words
			secrets = append(secrets, text)
		}
	}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		if s, ok := v.Interface().(pipeline.Secret); ok {
			if text, err := s.Reveal(); err == nil {
				add(text)
			}
			return
		}
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for n := range v.NumField() {
				field := v.Type().Field(n)
				if !field.IsExported() {
					continue
				}
				key, _, _ := strings.Cut(field.Tag.Get("koanf"), ",")
				of, isFile := strings.CutSuffix(key, "_file")
				if isFile && of != "ca" && of != "cert" && v.Field(n).Kind() == reflect.String && v.Field(n).String() != "" {
					if text, err := os.ReadFile(v.Field(n).String()); err == nil {
						add(string(text))
					}
				}
				walk(v.Field(n))
			}
		case reflect.Slice, reflect.Array:
			for n := range v.Len() {
				walk(v.Index(n))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(v.MapIndex(key))
			}
		}
	}
	walk(reflect.ValueOf(*e))
	slices.SortFunc(secrets, func(x, y string) int { return cmp.Compare(len(y), len(x)) })
	return func(text string) string {
		for _, s := range secrets {
			text = strings.ReplaceAll(text, s, "<secret>")
		}
		return text
	}
}
