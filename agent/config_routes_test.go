package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
)

const twoWebhooks = oneConnection + `
exporters:
  webhook: [{name: ops, url: "https://ops.example/hook"}, {name: desk, url: "https://desk.example/hook"}]
`

func TestWithoutRoutesEveryReceiverIsToldOfEverything(t *testing.T) {
	cfg, notes := load(t, twoWebhooks)
	want := pipeline.Routes{{
		Name: restOf, Receivers: []string{"ops", "desk"}, GroupBy: pipeline.DefaultGroupBy(),
		GroupWait: 2 * time.Second, GroupInterval: 30 * time.Second, Repeat: 4 * time.Hour,
	}}
	if diff := cmp.Diff(want, cfg.routes()); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if len(notes) > 0 {
		t.Errorf("got %v, want no note", notes)
	}
}

func TestRoutesAreReadWithTheirDefaults(t *testing.T) {
	cfg, notes := load(t, twoWebhooks+`
routes:
  - match: {level: critical, stream: ["PAYMENTS*", LEDGER], metadata: {team.name: pay*, owner: [a, b]}}
    receivers: ops
    continue: true
    group_by: []
    group_wait: 0s
    repeat: 0
  - {name: all, receivers: [ops], group_by: metadata.owner}
`, "MIRRORWATCH_ROUTES_0_MATCH_KIND=mirror", "MIRRORWATCH_ROUTES_0_MATCH_RULE_0=seen", "MIRRORWATCH_ROUTES_1_GROUP_INTERVAL=1m")
	want := pipeline.Routes{
		{
			Name: "routes[0]",
			Match: pipeline.Match{
				{Label: "level", Patterns: []string{"critical"}},
				{Label: "rule", Patterns: []string{"seen"}},
				{Label: "stream", Patterns: []string{"PAYMENTS*", "LEDGER"}},
				{Label: "kind", Patterns: []string{"mirror"}},
				{Label: "metadata.owner", Patterns: []string{"a", "b"}},
				{Label: "metadata.team.name", Patterns: []string{"pay*"}},
			},
			Receivers: []string{"ops"}, Continue: true, GroupBy: []string{}, GroupInterval: 30 * time.Second,
		},
		{Name: "all", Receivers: []string{"ops"}, GroupBy: []string{"metadata.owner"}, GroupWait: 2 * time.Second, GroupInterval: time.Minute, Repeat: 4 * time.Hour},
	}
	if diff := cmp.Diff(want, cfg.routes()); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"owner", "team.name"}, cfg.metadata()); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	wantNotes := []Note{{File: "config.yaml", Line: 4, Path: "exporters.webhook[1]", Text: `"desk" is named by no route: it is told of nothing`}}
	if diff := cmp.Diff(wantNotes, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestWhatNoRouteMatchesGoesToEveryReceiver(t *testing.T) {
	cfg, notes := load(t, twoWebhooks+"routes: [{match: {level: critical, connection: dr2}, receivers: [ops]}]\nfallback: {receiver: desk}\n")
	all := cfg.routes()
	if len(all) != 2 || all[1].Name != restOf || len(all[1].Match) > 0 || !cmp.Equal(all[1].Receivers, []string{"ops", "desk"}) {
		t.Errorf("got %+v", all)
	}
	want := []Note{
		{File: "config.yaml", Line: 5, Path: "routes", Text: "what none of them matches goes to every receiver; end the list with a route without match to choose who hears of it"},
		{File: "config.yaml", Line: 5, Path: "routes[0].match.connection", Text: `"dr2" matches no connection that is configured (dr)`},
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestEmptyGroupByIsShown(t *testing.T) {
	cfg, _ := load(t, oneConnection+"exporters: {webhook: [{name: ops, url_file: /none}]}\nroutes: [{receivers: ops, group_by: []}]\n")
	text, err := cfg.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := load(t, string(text))
	if diff := cmp.Diff(cfg.routes(), again.routes()); diff != "" {
		t.Errorf("routes shown and read again (-want +got):\n%s\n%s", diff, text)
	}
}

func TestWindowsAreRead(t *testing.T) {
	cfg, _ := load(t, oneConnection+`
maintenance:
  - {name: weekly, match: {stream: "TMP_*"}, days: [sat, Sunday, sat], from: 22:30, to: "02:00", zone: Europe/Berlin, reason: restore}
  - {name: daily, match: {metadata: {tier: test}}, from: "00:00", to: "24:00"}
`)
	weekly, daily := cfg.Maintenance[0].window(), cfg.Maintenance[1].window()
	if weekly.From != 22*time.Hour+30*time.Minute || weekly.To != 2*time.Hour || weekly.Zone.String() != "Europe/Berlin" ||
		!cmp.Equal(weekly.Days, []time.Weekday{time.Saturday, time.Sunday}) || weekly.Reason != "restore" {
		t.Errorf("weekly: got %+v", weekly)
	}
	now := time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC) // Saturday, midnight in Berlin
	if turn := weekly.Turn(now); !turn.Active(now) || !turn.Ends.Equal(time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("weekly: got %+v", turn)
	}
	if turn := daily.Turn(now); !turn.Active(now) || turn.Ends.Sub(turn.Starts) != 24*time.Hour || daily.Zone != time.UTC {
		t.Errorf("daily: got %+v", turn)
	}
	if diff := cmp.Diff([]string{"tier"}, cfg.metadata()); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestHoldsAreOfRulesThatHaveOne(t *testing.T) {
	cfg, notes := load(t, twoWebhooks+"rules: {seen: {hold: 10s}, not-copying: {hold: 1m}, lag: {hold: 0s}}\n")
	want := map[string]time.Duration{"seen": 10 * time.Second, "not-copying": time.Minute}
	if diff := cmp.Diff(want, cfg.Rules.Holds()); diff != "" {
		t.Errorf("holds (-want +got):\n%s", diff)
	}
	if len(notes) != 1 || notes[0].Path != "rules.seen.hold" {
		t.Errorf("got %v, want one note on rules.seen.hold", notes)
	}
}

func TestSizesAndAges(t *testing.T) {
	cfg, _ := load(t, oneConnection+"retention: {age: 30d, size: 1048577}\n")
	if cfg.Retention.Age != Age(720*time.Hour) || cfg.Retention.Size != 1<<20+1 {
		t.Errorf("got %+v", cfg.Retention)
	}
	for text, want := range map[string]Size{"256MiB": 256 << 20, "3GiB": 3 << 30, "1536KiB": 1536 << 10, "7B": 7} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	if got := Size(1536 << 10).String(); got != "1536KiB" {
		t.Errorf("got %s", got)
	}
}

// A text that reads like nothing is one all the same.
func TestShownRoutesKeepWhatTheyMatch(t *testing.T) {
	t.Parallel()
	c, _ := load(t, oneConnection+"exporters: {webhook: [{name: ops, url: 'http://h'}]}\nroutes: [{match: {metadata: {io.x.test: 'false'}}, receivers: ops}, {receivers: ops}]\n")
	shown, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := load(t, strings.ReplaceAll(string(shown), "<secret>", "http://h"))
	if got, want := again.Routes[0].Match.Match().String(), "metadata.io.x.test=false"; got != want {
		t.Errorf("got %q, want %q, from\n%s", got, want, shown)
	}
}
