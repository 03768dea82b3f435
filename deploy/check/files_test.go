package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// alert is an alert rule of rules.yaml.
type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t testing.TB) (all []alert) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "../prometheus/rules.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("rules.yaml has no rules")
	}
	return all
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What in a query stands where labels do, or in quotes; and names of ours.
var (
	labels = regexp.MustCompile(`\{[^}]*\}|\b(?:by|on|without)\s*\([^)]*\)|"[^"]*"`)
	names  = regexp.MustCompile(`\b(?:nats|mirrorwatch|go|process)_\w+`)
	part   = regexp.MustCompile(`_(?:bucket|count|sum)$`)
)

// undocumented returns the metrics of a query that docs/metrics.md does not have, and how many it has in all.
func undocumented(docs, expr string) (missing []string, n int) {
	for _, name := range names.FindAllString(labels.ReplaceAllString(expr, ""), -1) {
		n++
		if !strings.Contains(docs, "`"+name+"`") && !strings.Contains(docs, "`"+part.ReplaceAllString(name, "")+"`") {
			missing = append(missing, name)
		}
	}
	return missing, n
}

func TestUndocumentedMetricsAreFound(t *testing.T) {
	docs := "| `nats_a` | `mirrorwatch_b_seconds` |"
	missing, n := undocumented(docs, `nats_a{nats_connection="x"} / on (nats_stream) sum by (nats_s, le) (rate(mirrorwatch_b_seconds_bucket{a="$b"}[1m])) and nats_c`)
	if n != 3 || len(missing) != 1 || missing[0] != "nats_c" {
		t.Errorf("got %q of %d", missing, n)
	}
}

func TestAlertsAreOnMetricsThatThereAre(t *testing.T) {
	docs := read(t, "../../docs/metrics.md")
	for _, a := range alerts(t) {
		missing, n := undocumented(docs, a.Expr)
		if len(missing) > 0 || n == 0 && !strings.HasPrefix(a.Expr, "up{") {
			t.Errorf("%s: of %d metrics, docs/metrics.md does not have %q", a.Alert, n, missing)
		}
	}
}

func TestAlertsSayWhatToDoAndAreTested(t *testing.T) {
	docs, tests := read(t, "../../docs/alerts.md"), read(t, "../prometheus/rules_test.yaml")
	for _, a := range alerts(t) {
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s: severity %q", a.Alert, s)
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("%s has no summary or no description", a.Alert)
		}
		if want := "docs/alerts.md#" + strings.ToLower(a.Alert); a.Annotations["runbook"] != want {
			t.Errorf("%s: runbook %q, want %q", a.Alert, a.Annotations["runbook"], want)
		}
		if !strings.Contains(docs, "\n### "+a.Alert+"\n") {
			t.Errorf("docs/alerts.md has no heading %s", a.Alert)
		}
		if !strings.Contains(tests, "alertname: "+a.Alert+"\n") && !strings.Contains(tests, `alertname="`+a.Alert+`"`) {
			t.Errorf("rules_test.yaml does not fire %s", a.Alert)
		}
	}
}

func TestTheDashboardShowsMetricsThatThereAre(t *testing.T) {
	d, err := readDashboard("..")
	if err != nil {
		t.Fatal(err)
	}
	docs := read(t, "../../docs/metrics.md")
	queries := 0
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			queries++
			if missing, n := undocumented(docs, q.Expr); n == 0 || len(missing) > 0 {
				t.Errorf("panel %q: of %d metrics, docs/metrics.md does not have %q", p.Title, n, missing)
			}
		}
	}
	if queries == 0 {
		t.Error("the dashboard has no queries")
	}
	for _, v := range d.Templating.List {
		if strings.Contains(filled(v.Definition), "$") {
			t.Errorf("variable %s: %s has a variable that nothing fills in", v.Name, v.Definition)
		}
	}
}

func TestThePanelsOfTheDashboardHaveAPlaceAndADatasourceOfTheirOwn(t *testing.T) {
	var d struct {
		Panels []struct {
			ID         int
			Type       string
			Title      string
			Datasource struct{ UID string }
			GridPos    struct{ X, Y, W, H int }
			Targets    []struct{ Datasource struct{ UID string } }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "../grafana/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	ids, places := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if other, taken := ids[p.ID]; taken {
			t.Errorf("%q and %q are both panel %d", p.Title, other, p.ID)
		}
		ids[p.ID] = p.Title
		if p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%q is wider than the page", p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, taken := places[[2]int{x, y}]; taken && other != p.Title {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				places[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		for _, q := range p.Targets {
			if p.Datasource.UID != "${datasource}" || q.Datasource.UID != "${datasource}" {
				t.Errorf("%q names a datasource, not the variable", p.Title)
			}
		}
	}
}
