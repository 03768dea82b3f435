package wording_test

import (
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

func TestDataAtRisk(t *testing.T) {
	at := exportertest.Start()
	for name, test := range map[string]struct {
		risk               pipeline.Risk
		failover, messages string
	}{
		"not told":   {pipeline.Risk{}, "", ""},
		"never seen": {pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true}, "unknown: nobody can tell here what the origin has", ""},
		"never seen, with a lag": {
			pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true, Messages: 7},
			"unknown: nobody can tell here what the origin has", "at least 7 messages: the server reports them as lag",
		},
		"ready": {
			pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: at, Verified: true},
			"ready: nothing that the origin had is missing here", "nothing, as of 2026-01-02 03:04:05 UTC",
		},
		"behind": {
			pipeline.Risk{Failover: pipeline.FailoverBehind, Messages: 1204, Span: 2 * time.Minute, AsOf: at, Verified: true},
			"behind by 1,204 messages: a failover now would lose them", "1,204 messages, 2m of data, as of 2026-01-02 03:04:05 UTC",
		},
		"unknown since": {
			pipeline.Risk{Failover: pipeline.FailoverUnknown, Messages: 1, AtLeast: true, AsOf: at, Verified: true},
			"unknown since 2026-01-02 03:04:05 UTC: the two could not be compared after that",
			"at least 1 message, as of 2026-01-02 03:04:05 UTC",
		},
		"unknown since, with none missing then": {
			pipeline.Risk{Failover: pipeline.FailoverUnknown, AtLeast: true, AsOf: at, Verified: true},
			"unknown since 2026-01-02 03:04:05 UTC: the two could not be compared after that",
			"nothing was missing, as of 2026-01-02 03:04:05 UTC. What came later is not known",
		},
		"diverged": {
			pipeline.Risk{Failover: pipeline.FailoverDiverged, Messages: 5, AtLeast: true, AsOf: at, Verified: true},
			"do not: this is no copy of the origin any more", "",
		},
	} {
		i := exportertest.Lost()
		i.Risk = test.risk
		if failover, messages := wording.Failover(&i), wording.AtRisk(&i); failover != test.failover || messages != test.messages {
			t.Errorf("%s: %q, %q, want %q, %q", name, failover, messages, test.failover, test.messages)
		}
		i.Rule = pipeline.RulePeers
		if wording.Failover(&i) != "" || wording.AtRisk(&i) != "" {
			t.Errorf("%s: told by a rule that is not about copies", name)
		}
	}
}

func TestTheFailoverVerdictIsNotContradicted(t *testing.T) {
	i := exportertest.Lost()
	i.Risk = pipeline.Risk{Failover: pipeline.FailoverReady, AsOf: exportertest.Start(), Verified: true}
	story := only(exportertest.Of(i, pipeline.Opened, 0))
	if facts := text(&story); strings.Contains(facts, "Do not fail over") || !strings.Contains(facts, "Failover: ready") {
		t.Errorf("facts are\n%s", facts)
	}
}
