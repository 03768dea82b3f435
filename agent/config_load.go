package agent

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// LoadConfig reads the file at path, if path is not empty, lays environ ("KEY=value") over it, and both over the
// defaults. Notes are worth a look but no faults. Everything that is wrong is told at once: the error is then
// Faults, except where the file cannot be read at all.
func LoadConfig(path string, environ []string) (cfg *Config, notes []Note, err error) {
	var text []byte
	if path != "" {
		if text, err = os.ReadFile(path); err != nil {
			return nil, nil, fmt.Errorf("read configuration: %w", err)
		}
	}
	return parseConfig(path, text, environ)
}

func parseConfig(file string, text []byte, environ []string) (*Config, []Note, error) {
	d := readFile(file, text)
	cfg, err := d.decode(environ)
	if err != nil {
		return nil, nil, err
	}
	d.judgeBlank(cfg, environ)
	if !d.unread {
		d.validate(cfg)
	}
	if len(d.faults) > 0 {
		sortNotes(d.faults)
		return nil, nil, d.faults
	}
	var notes []Note
	report := func(path, text string) { notes = append(notes, d.note(path, text)) }
	d.remarkBlank(cfg, report)
	cfg.remark(report)
	notes = append(notes, cfg.remarkTelemetry(environ)...)
	sortNotes(notes)
	return cfg, notes, nil
}

// validate adds the faults of cfg that do not follow from those known already.
func (d *document) validate(cfg *Config) {
	spoiled := d.spoiled()
	cfg.Validate(func(path, problem string) {
		if !spoiled(path) {
			d.faults = append(d.faults, d.note(path, problem))
		}
	})
}

// decode lays defaults, file and environment over each other, in this order.
func (d *document) decode(environ []string) (*Config, error) {
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(d.tree, ""), nil); err != nil {
		return nil, fmt.Errorf("load configuration: %w", err)
	}
	if err := k.Load(d.environment(environ), nil, koanf.WithMergeFunc(d.overlay)); err != nil {
		return nil, fmt.Errorf("load environment: %w", err)
	}
	cfg := DefaultConfig()
	conf := koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		DecodeHook:  mapstructure.DecodeHookFuncValue(decodeValue),
		ErrorUnused: true,
	}}
	if err := k.UnmarshalWithConf("", cfg, conf); err != nil {
		return nil, fmt.Errorf("decode configuration: %w", err)
	}
	cfg.complete()
	return cfg, nil
}

// decodeValue makes scalars of text, and gives a component its defaults before its keys are read over them.
func decodeValue(from, to reflect.Value) (any, error) {
	if text, ok := from.Interface().(string); ok && isScalar(to.Type()) {
		return (&shape{typ: to.Type()}).readScalar(text)
	}
	if text, ok := from.Interface().(string); ok && to.Type() == reflect.TypeFor[OneOrMore]() {
		return OneOrMore{text}, nil
	}
	if from.Kind() == reflect.Map && to.Kind() == reflect.Struct && to.CanAddr() {
		setDefaults(to.Addr().Interface())
	}
	return from.Interface(), nil
}

// note finds the place of a path, or of the nearest thing around it.
func (d *document) note(path, text string) Note {
	n := Note{File: d.file, Path: path, Text: text}
	for at := path; at != ""; at = parent(at) {
		if p, ok := d.places[at]; ok {
			if p.variable != "" {
				n.File, n.Variable = "", p.variable
			}
			n.Line = p.line
			break
		}
	}
	return n
}

// spoiled returns a test for paths of which a value is wrong or misnamed already, so that one mistake is told once.
func (d *document) spoiled() func(path string) bool {
	var bad []string
	for _, path := range d.misnamed {
		if _, given := d.places[path]; !given { // a key that is there too is judged by itself
			bad = append(bad, path)
		}
	}
	for _, f := range d.faults {
		if f.Path != "" {
			bad = append(bad, f.Path)
		}
	}
	return func(path string) bool {
		return slices.ContainsFunc(bad, func(b string) bool {
			return path == b || path == parent(b) || strings.HasPrefix(path, b+".") || strings.HasPrefix(path, b+"[")
		})
	}
}

// parent cuts the last key or place off a path.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
