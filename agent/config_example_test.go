package agent

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mirrorwatch/exporters/otlp"
)

const examplePath = "../config.example.yaml"

func TestExampleIsValidAsItStands(t *testing.T) {
	cfg, _, err := LoadConfig(examplePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Connections) != 1 {
		t.Errorf("connections: got %d, want 1", len(cfg.Connections))
	}
}

// whole reads the example with all that is commented out put in force.
func whole(t *testing.T) *document {
	t.Helper()
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	d := readFile("config.example.yaml", regexp.MustCompile(`(?m)^( *)#([^ #\n])`).ReplaceAll(text, []byte("$1$2")))
	if len(d.faults) > 0 {
		t.Fatal(d.faults)
	}
	return d
}

func TestExampleNamesEveryKeyAndNoOther(t *testing.T) {
	d := whole(t)
	for _, path := range keyPaths(schema(), "") {
		if strings.HasPrefix(path, "maintenance[0].match.") {
			continue // as in routes
		}
		if _, ok := d.places[path]; !ok {
			t.Errorf("%s is not in the example", path)
		}
	}
}

func TestExampleShowsTheDefaults(t *testing.T) {
	cfg, err := whole(t).decode(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	if cfg.Interval != want.Interval || cfg.LooksPerSecond != want.LooksPerSecond || cfg.Rules != want.Rules ||
		cfg.DataDir != want.DataDir || cfg.HTTP.Address != want.HTTP.Address || cfg.Heartbeat.Interval != want.Heartbeat.Interval ||
		cfg.Retention != want.Retention || cfg.Fallback.After != want.Fallback.After || cfg.Fallback.Keep != want.Fallback.Keep {
		t.Errorf("got %+v, want %+v", cfg, want)
	}
	if got, want := cfg.Exporters.OTLP, otlp.Default(); got.Interval != want.Interval || got.Links != want.Links || got.Traces {
		t.Errorf("otlp: got %+v, want %+v", got, want)
	}
	route := DefaultRoute()
	route.complete()
	if got := cfg.Routes[0]; !slices.Equal(got.GroupBy, route.GroupBy) || got.GroupWait != route.GroupWait ||
		got.GroupInterval != route.GroupInterval || got.Repeat != route.Repeat || got.Continue {
		t.Errorf("route: got %+v, want %+v", got, route)
	}
}

// keyPaths lists every key of the schema, with the first place of each list.
func keyPaths(s *shape, path string) []string {
	switch s.kind {
	case shapeMapping:
		var paths []string
		for _, k := range s.keys {
			paths = slices.Concat(paths, []string{join(path, k.name)}, keyPaths(k.shape, join(path, k.name)))
		}
		return paths
	case shapeList:
		return keyPaths(s.element, fmt.Sprintf("%s[0]", path))
	}
	return nil
}
