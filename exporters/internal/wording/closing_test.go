package wording_test

import (
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

func TestClosedHeadlineSaysWhatHappenedAndThatItIsNoRecovery(t *testing.T) {
	mirror := exportertest.Lost().Subject
	source, stream := mirror, pipeline.Subject{StreamKey: mirror.StreamKey}
	source.Kind, source.Stream = pipeline.KindSource, "ALL"
	connection := pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr"}}
	for _, test := range []struct {
		reason, rule string
		subject      pipeline.Subject
		limit        float64
		want         string
	}{
		{pipeline.ReasonDeleted, pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: mirror PAYMENTS_MIRROR was deleted"},
		{pipeline.ReasonDeleted, pipeline.RuleSeen, stream, 0, "NO LONGER WATCHED: stream PAYMENTS_MIRROR was deleted"},
		{pipeline.ReasonPromoted, pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: mirror PAYMENTS_MIRROR was promoted"},
		{pipeline.ReasonDisabled, pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: mirror PAYMENTS_MIRROR was disabled in its metadata"},
		{pipeline.ReasonNoSources, pipeline.RuleSeen, source, 60, "NO LONGER WATCHED: stream ALL has no sources any more"},
		{pipeline.ReasonSourceRemoved, pipeline.RuleSeen, source, 60, "NO LONGER WATCHED: stream ALL no longer has the source PAYMENTS"},
		{pipeline.ReasonSourceRemoved, pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: mirror PAYMENTS_MIRROR no longer mirrors PAYMENTS"},
		{pipeline.ReasonSourceRemoved, pipeline.RuleSeen, stream, 60, "NO LONGER WATCHED: a source of stream PAYMENTS_MIRROR was removed"},
		{pipeline.ReasonNoLink, pipeline.RuleSeen, stream, 60, "NO LONGER WATCHED: stream PAYMENTS_MIRROR is no mirror and has no sources"},
		{pipeline.ReasonNotIncluded, pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: mirror PAYMENTS_MIRROR is no longer included in the configuration"},
		{pipeline.ReasonNotConfigured, pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: mirror PAYMENTS_MIRROR: connection dr is no longer configured"},
		{pipeline.ReasonNotConfigured, pipeline.RuleUnobserved, connection, 0, "NO LONGER WATCHED: connection dr is no longer configured"},
		{pipeline.ReasonLimitRemoved, pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: the limit seen-critical of mirror PAYMENTS_MIRROR was removed"},
		{pipeline.ReasonLimitRemoved, pipeline.RuleLag, mirror, 60, "NO LONGER WATCHED: the limit lag-critical of mirror PAYMENTS_MIRROR was removed"},
		{pipeline.ReasonLimitRemoved, pipeline.RuleSeenDefault, source, 60, "NO LONGER WATCHED: the default limit for stream ALL was removed"},
		{pipeline.ReasonLimitRemoved, pipeline.RuleSources, stream, 3, "NO LONGER WATCHED: the limit on the number of sources of stream PAYMENTS_MIRROR was removed"},
		{pipeline.ReasonLimitRemoved, pipeline.RulePeers, stream, 3, "NO LONGER WATCHED: the limit on the peers of stream PAYMENTS_MIRROR was removed"},
		{pipeline.ReasonLimitRemoved, pipeline.RuleMessages, stream, 3, "NO LONGER WATCHED: the limit on the number of messages in stream PAYMENTS_MIRROR was removed"},
		{pipeline.ReasonLimitChanged, pipeline.RuleSeen, mirror, 300, "LIMIT CHANGED: mirror PAYMENTS_MIRROR is within its new limit of 5m (seen-critical)"},
		{pipeline.ReasonOwnLimit, pipeline.RuleSeenDefault, mirror, 0, "LIMIT CHANGED: mirror PAYMENTS_MIRROR: its own seen-critical replaces the default limit"},
		{"eaten", pipeline.RuleSeen, mirror, 60, "NO LONGER WATCHED: mirror PAYMENTS_MIRROR (eaten)"},
	} {
		lost := exportertest.Lost()
		lost.Rule, lost.Subject, lost.Limit = test.rule, test.subject, test.limit
		c := exportertest.Of(lost, pipeline.Closed, time.Hour)
		c.Incident.Reason = test.reason
		story := only(c)
		if got, want := wording.Headline(&story), test.want+" (this is not a recovery)"; got != want {
			t.Errorf("%s of %s: %q, want %q", test.reason, test.rule, got, want)
		}
		if means := wording.Facts(&story)[0]; means.Label != "Means" || !strings.HasPrefix(means.Text, "this is not a recovery: ") {
			t.Errorf("%s of %s: first fact is %q", test.reason, test.rule, means)
		}
	}
}

func TestClosedLagIncidentIsNotCalledSilent(t *testing.T) {
	behind := exportertest.Lost()
	behind.Rule, behind.Unit = pipeline.RuleLag, pipeline.UnitMessages
	story := only(exportertest.Of(behind, pipeline.Closed, time.Hour))
	if facts := text(&story); strings.Contains(facts, "Silent since") {
		t.Errorf("facts are\n%s", facts)
	}
}

func text(s *wording.Story) string {
	var lines []string
	for _, fact := range wording.Facts(s) {
		lines = append(lines, fact.String())
	}
	return strings.Join(lines, "\n")
}
