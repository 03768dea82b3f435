package wording_test

import (
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

func TestHeadlinesOfTheRulesOnCopying(t *testing.T) {
	for _, test := range []struct {
		rule, reason string
		kind         pipeline.ChangeKind
		source       bool
		value        float64
		want         string
	}{
		{
			pipeline.RuleNotCopying, pipeline.ReasonStalled, pipeline.Opened, false, 1204,
			"NOT COPYING: mirror PAYMENTS_MIRROR is in contact with PAYMENTS and copies nothing: 1,204 messages behind",
		},
		{
			pipeline.RuleNotCopying, pipeline.ReasonFlowStalled, pipeline.Reminded, true, 0,
			"STILL NOT COPYING: stream ALL is in contact with PAYMENTS and copies nothing",
		},
		{
			pipeline.RuleNotCopying, pipeline.ReasonStalled, pipeline.Resolved, false, 1204,
			"RESOLVED: mirror PAYMENTS_MIRROR is copying again from its origin PAYMENTS",
		},
		{
			pipeline.RuleDiverged, pipeline.ReasonRecreated, pipeline.Opened, false, 0,
			"DO NOT FAIL OVER: mirror PAYMENTS_MIRROR is no copy of PAYMENTS any more (the origin was recreated)",
		},
		{
			pipeline.RuleDiverged, pipeline.ReasonRestored, pipeline.Reminded, true, 0,
			"STILL: DO NOT FAIL OVER: stream ALL is no copy of PAYMENTS any more (the source lacks what was copied from it)",
		},
		{
			pipeline.RuleDiverged, pipeline.ReasonRestored, pipeline.Resolved, false, 0,
			"RESOLVED: mirror PAYMENTS_MIRROR agrees with its origin PAYMENTS again",
		},
	} {
		i := exportertest.Lost()
		i.Rule, i.Reason, i.Value, i.Limit, i.Unit = test.rule, test.reason, test.value, 0, pipeline.UnitMessages
		if test.source {
			i.Subject.Kind, i.Subject.Stream = pipeline.KindSource, "ALL"
		}
		story := only(exportertest.Of(i, test.kind, time.Hour))
		if got := wording.Headline(&story); got != test.want {
			t.Errorf("%s, %s: %q, want %q", test.rule, test.kind, got, test.want)
		}
	}
}

func TestHeadlinesOfTheRulesOnStreams(t *testing.T) {
	const again = "stream PAYMENTS_MIRROR"
	for _, test := range []struct {
		rule, reason  string
		level         pipeline.Level
		value, limit  float64
		opened, ended string
	}{
		{
			pipeline.RuleLeaderless, pipeline.ReasonNoGroup, pipeline.Critical, 0, 0,
			"CRITICAL: stream PAYMENTS_MIRROR has no leader: nothing is stored in it", again + " has a leader again",
		},
		{
			pipeline.RuleLeaderless, pipeline.ReasonOffline, pipeline.Critical, 0, 0,
			"CRITICAL: stream PAYMENTS_MIRROR is offline: nothing is stored in it", again + " has a leader again",
		},
		{
			pipeline.RuleSources, pipeline.ReasonFewSources, pipeline.Critical, 1, 3,
			"CRITICAL: stream PAYMENTS_MIRROR has 1 source, fewer than its min-sources of 3", again + " has as many sources as it should again",
		},
		{
			pipeline.RuleSources, pipeline.ReasonManySources, pipeline.Critical, 4, 3,
			"CRITICAL: stream PAYMENTS_MIRROR has 4 sources, more than its max-sources of 3", again + " has as many sources as it should again",
		},
		{
			pipeline.RulePeers, pipeline.ReasonPeerCount, pipeline.Critical, 2, 3,
			"CRITICAL: stream PAYMENTS_MIRROR has 2 peers, not the 3 of its peer-expect", "the peers of " + again + " are as they should be again",
		},
		{
			pipeline.RulePeers, pipeline.ReasonPeerLag, pipeline.Critical, 12345, 1000,
			"CRITICAL: a peer of stream PAYMENTS_MIRROR is 12,345 operations behind, over its peer-lag-critical of 1,000",
			"the peers of " + again + " are as they should be again",
		},
		{
			pipeline.RulePeers, pipeline.ReasonPeerSeen, pipeline.Critical, 62, 30,
			"CRITICAL: a peer of stream PAYMENTS_MIRROR was not heard of for 1m 2s, over its peer-seen-critical of 30s",
			"the peers of " + again + " are as they should be again",
		},
		{
			pipeline.RuleMessages, pipeline.ReasonFewCount, pipeline.Warning, 100, 1000,
			"WARNING: stream PAYMENTS_MIRROR has 100 messages, too few by its msgs-warn of 1,000",
			"the number of messages in " + again + " is within its limits again",
		},
		{
			pipeline.RuleSubjects, pipeline.ReasonManyCount, pipeline.Critical, 7, 7,
			"CRITICAL: stream PAYMENTS_MIRROR has 7 subjects, too many by its subjects-critical of 7",
			"the number of subjects in " + again + " is within its limits again",
		},
	} {
		i := exportertest.Lost()
		i.Subject = pipeline.Subject{StreamKey: i.Subject.StreamKey}
		i.Rule, i.Reason, i.Level, i.Value, i.Limit, i.Unit, i.Since = test.rule, test.reason, test.level, test.value, test.limit, pipeline.UnitNone, time.Time{}
		story := only(exportertest.Of(i, pipeline.Opened, 0))
		if got := wording.Headline(&story); got != test.opened {
			t.Errorf("%s: %q, want %q", test.reason, got, test.opened)
		}
		if len(wording.Commands(&story)) == 0 {
			t.Errorf("%s: there is nothing to run", test.reason)
		}
		story = only(exportertest.Of(i, pipeline.Resolved, time.Hour))
		if got, want := wording.Headline(&story), "RESOLVED: "+test.ended; got != want {
			t.Errorf("%s: %q, want %q", test.reason, got, want)
		}
	}
}
