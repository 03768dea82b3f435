package agent

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(newJSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fromYAML reads a document as an editor does.
func fromYAML(t *testing.T, text []byte) any {
	t.Helper()
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSchemaTakesTheExample(t *testing.T) {
	s := compiledSchema(t)
	text, err := os.ReadFile(examplePath)
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`(?m)^( *)#([^ #\n])`).ReplaceAll(text, []byte("$1$2"))
	for name, text := range map[string][]byte{"as it stands": text, "with all that is off": whole} {
		if err := s.Validate(fromYAML(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaTakesWhatTheReaderTakes(t *testing.T) {
	s := compiledSchema(t)
	for _, text := range []string{
		oneConnection + "exporters:\nheartbeat: {interval: 1m30s}\nrules: {seen: {limit: 60}, seen-default: {after: 0}}\n",
		twoWebhooks + "routes: [{match: {level: critical, stream: [A, B], metadata: {owner: [x], tier: 1}}, receivers: ops, repeat: 0}]\n",
		oneConnection + "retention: {age: 400d, size: 1048576}\n",
		oneConnection + "maintenance: [{name: m, match: {rule: '*'}, days: sat, from: '7:30', to: '24:00'}, {name: n, match: {rule: '*'}, days: , from: '7:30', to: '24:00'}]\n",
		twoWebhooks + "routes: [{receivers: ops, group_by: }]\nhttp: {token_file: }\n",
	} {
		load(t, text)
		if err := s.Validate(fromYAML(t, []byte(text))); err != nil {
			t.Errorf("%s%v", text, err)
		}
	}
}

func TestSchemaRefusesWhatIsMisspelled(t *testing.T) {
	s := compiledSchema(t)
	for _, name := range []string{
		"unknown_key", "unknown_key_far", "duration", "mapping_for_value", "value_for_list", "whole_number", "routes", "routes_shape", "rules",
		"retention", "maintenance", "underscore_for_dash", "blank", "blank_header",
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "bad", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(fromYAML(t, text)) == nil {
			t.Errorf("%s.yaml is taken", name)
		}
	}
}

func TestSchemaDescribesEveryKey(t *testing.T) {
	var visit func(path string, j *jsonSchema)
	visit = func(path string, j *jsonSchema) {
		if j.Description == "" && !strings.HasSuffix(path, "]") && !strings.HasSuffix(path, ".*") {
			t.Errorf("%s has no description", path)
		}
		for key, child := range j.Properties {
			visit(join(path, key), child)
		}
		if j.Items != nil {
			visit(path+"[]", j.Items)
		}
	}
	visit("", newJSONSchema())

	known := []string{""}
	for _, path := range keyPaths(schema(), "") {
		known = append(known, strings.ReplaceAll(path, "[0]", "[]"))
	}
	for path := range descriptions() {
		if !strings.HasPrefix(path, "*.") && !strings.HasPrefix(path, "match.") && !slices.Contains(known, path) {
			t.Errorf("%s is described, and no key", path)
		}
	}
}
