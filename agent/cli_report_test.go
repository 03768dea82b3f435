package agent

import (
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/history"
)

// reportedLinks is one that kept its limit, one that did not, and one that has none.
func reportedLinks() *history.Report {
	link := func(stream string) pipeline.Subject {
		key := pipeline.StreamKey{Connection: "dr", Stream: stream}
		return pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror, Origin: stream}
	}
	sec := func(d time.Duration) history.Seconds { return history.Seconds(d) }
	return &history.Report{
		From: noon().Add(-30 * day), To: noon(), Since: noon().Add(-29 * day), AgentDown: sec(2 * time.Hour),
		Links: []history.Link{
			{Subject: link("A"), Limit: sec(time.Minute), Watched: sec(29 * day), Limited: sec(29 * day), AtRisk: new(uint64(0)), AtRiskAtLeast: true, Compliance: new(100.0)},
			{Subject: link("B"), Watched: sec(29 * day)},
			{
				Subject: link("=C"), Limit: sec(time.Minute), Limits: []history.Limit{{}, {}}, Watched: sec(29 * day), Limited: sec(29 * day), Violations: 3,
				OverLimit: sec(25 * time.Second), LongestOverLimit: sec(20 * time.Second), Dark: sec(205 * time.Second), LongestDark: sec(80 * time.Second),
				AtRisk: new(uint64(1204)), AtRiskAtLeast: true, TimeToTell: new(sec(2100 * time.Millisecond)), Untold: 1, Silenced: 1, Open: true,
				Compliance: new(99.9999991),
			},
		},
	}
}

func TestReportAsTextHasTheWorstFirst(t *testing.T) {
	var b strings.Builder
	if err := reportText(&b, reportedLinks(), time.UTC); err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`\A2026-02-02 12:00:00 UTC to 2026-03-04 12:00:00 UTC \(30d\)
note: older records were removed by the retention: measured from 2026-02-03 12:00:00 UTC
note: the agent did not run for 2h of it
COMPLIANCE +LIMIT .*
99\.999% +1m +29d +3 +25s +1m20s +- +- +- +>=1204 +2s +dr/=C \(mirror of =C\) +still violated, 2 limits, 1 not told, 1 silenced
100% +1m +29d +0 +- +- +- +- +- +unknown +- +dr/A \(mirror of A\) *
- +none +29d +0 +- +- +- +- +- +- +- +dr/B \(mirror of B\) *
3 links: 1 kept the limit all the time, 1 did not, 1 had none; 3 violations; worst dr/=C \(mirror of =C\) with 99\.999%
\z`)
	if !want.MatchString(b.String()) {
		t.Errorf("got\n%s", &b)
	}
}

func TestReportAsCSV(t *testing.T) {
	var b strings.Builder
	if err := reportCSV(&b, reportedLinks()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%v: %s", err, &b)
	}
	column := map[string]int{}
	for n, name := range rows[0] {
		column[name] = n
	}
	for name, want := range map[string]string{
		"stream": "'=C", "limit_seconds": "60", "violations": "3", "over_limit_seconds": "25", "at_risk_messages": "1204", "at_risk_at_least": "true",
		"time_to_tell_seconds": "2.1", "compliance_percent": "99.999999", "from": "2026-02-03T12:00:00Z",
	} {
		if got := rows[3][column[name]]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if rows[2][column["compliance_percent"]] != "" || rows[1][column["compliance_percent"]] != "100" {
		t.Errorf("compliance: got %s", &b)
	}
}

// An agent's answer is what its folder says.
func TestReportOfAnAgent(t *testing.T) {
	t.Parallel()
	address := pastAgent(t, pastJournal(t, t.TempDir()))
	got := invoke(t, "report", "--address", address, "--from", "2026-03-04", "--output", "json")
	var r history.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || got.code != 0 {
		t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.out, got.errors)
	}
	if !r.From.Equal(noon().Truncate(day)) || !r.To.Equal(noon()) || r.Links == nil {
		t.Errorf("got %s", got.out)
	}
	if got := invoke(t, "report", "--address", address, "--from", "2026-03-04"); got.code != 0 || !strings.Contains(got.out, "2026-03-04 00:00:00 UTC to 2026-03-04 12:00:00 UTC (12h)") {
		t.Errorf("exit code %d: %s%s", got.code, got.out, got.errors)
	}
}

// Without a begin, a report goes back from its end, which is never later than now.
func TestAReportEndsNow(t *testing.T) {
	t.Parallel()
	j := pastJournal(t, t.TempDir())
	r, err := makeReport(j, reportQuery{to: noon().Add(1000 * day), now: noon()})
	if err != nil {
		t.Fatal(err)
	}
	if !r.To.Equal(noon()) || !r.From.Equal(noon().Add(-reportSpan)) {
		t.Errorf("from %s to %s", r.From, r.To)
	}
}
