package wording_test

import (
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/exporters/internal/wording"
	"mirrorwatch/pipeline"
)

func causes() []pipeline.Cause {
	return []pipeline.Cause{
		pipeline.CauseLinkDown, pipeline.CauseBlackhole, pipeline.CauseDelivery, pipeline.CauseFlowControl, pipeline.CauseRoute,
		pipeline.CauseDeleted, pipeline.CauseRecreated, pipeline.CauseReconfigured, pipeline.CauseOriginDown, pipeline.CausePermission,
		pipeline.CauseLeaderless, pipeline.CauseFull, pipeline.CauseRetry, pipeline.CauseSelfHealing, pipeline.CauseNotObservable,
	}
}

func TestEveryCauseIsToldInPlainWords(t *testing.T) {
	for _, cause := range causes() {
		lost := exportertest.Lost()
		lost.Diagnosis = pipeline.Diagnosis{Cause: cause, Sure: pipeline.Likely}
		begin := string(cause) + " (likely): "
		if cause == pipeline.CauseNotObservable {
			begin = string(cause) + ": "
		}
		if got := wording.Cause(&lost); len(got) <= len(begin) || !strings.HasPrefix(got, begin) {
			t.Errorf("%s is told as %q", cause, got)
		}
	}
}

func TestHeadlineNamesTheCauseWhereItIsLikely(t *testing.T) {
	const lost = "mirror PAYMENTS_MIRROR has had no contact with its origin PAYMENTS for 1m"
	for _, test := range []struct {
		kind  pipeline.ChangeKind
		cause pipeline.Cause
		sure  pipeline.Sureness
		want  string
	}{
		{pipeline.Opened, "", "", "CRITICAL: " + lost},
		{pipeline.Opened, pipeline.CauseUnknown, "", "CRITICAL: " + lost},
		{pipeline.Opened, pipeline.CauseNotObservable, pipeline.Certain, "CRITICAL: " + lost},
		{pipeline.Opened, pipeline.CauseLinkDown, pipeline.Possible, "CRITICAL: " + lost},
		{pipeline.Opened, pipeline.CauseLinkDown, pipeline.Likely, "CRITICAL: " + lost + "; likely cause: link down"},
		{pipeline.Opened, pipeline.CauseDeleted, pipeline.Certain, "CRITICAL: " + lost + "; cause: origin deleted"},
		{pipeline.Reminded, pipeline.CauseDeleted, pipeline.Certain, "STILL CRITICAL: " + lost + "; cause: origin deleted"},
		{pipeline.Updated, pipeline.CauseDeleted, pipeline.Certain, "CRITICAL (cause found: origin deleted): " + lost},
		{pipeline.Updated, pipeline.CauseLinkDown, pipeline.Likely, "CRITICAL (likely cause found: link down): " + lost},
		{pipeline.Updated, pipeline.CauseUnknown, "", "CRITICAL (update): " + lost},
	} {
		i := exportertest.Lost()
		i.Diagnosis = pipeline.Diagnosis{Cause: test.cause, Sure: test.sure}
		change := exportertest.Of(i, test.kind, 0)
		change.Found = test.cause != ""
		story := only(change)
		if got := wording.Headline(&story); got != test.want {
			t.Errorf("%s, %s %s: %q, want %q", test.kind, test.sure, test.cause, got, test.want)
		}
	}
}

func TestFactsBeginWithCauseRiskAndEvidence(t *testing.T) {
	story := only(exportertest.Of(exportertest.Deleted(), pipeline.Reminded, time.Hour))
	var labels []string
	for _, fact := range wording.Facts(&story) {
		labels = append(labels, fact.Label)
	}
	want := "Cause, Failover, At risk, Evidence, Means, No proven contact for, Silent since, Details, Open since, What"
	if got := strings.Join(labels, ", "); got != want {
		t.Errorf("facts are %s, want %s", got, want)
	}
}

func TestStepsOfADiagnosisTakeThePlaceOfTheCommands(t *testing.T) {
	deleted := exportertest.Deleted()
	deleted.Next = []pipeline.Step{
		{Do: "Look", Command: "nats stream info M"},
		{Do: "Think"},
		{Do: "Never run this", Command: "nats stream rm `M`"},
		{Do: "Nor this", Command: "nats stream info " + strings.Repeat("x", 500)},
		{Do: "Nor this\nline", Command: "a\nb"},
	}
	open := only(exportertest.Of(deleted, pipeline.Opened, 0))
	if got := strings.Join(wording.Commands(&open), "\n"); got != "nats stream info M  # Look" {
		t.Errorf("commands are\n%s", got)
	}
	steps := wording.Steps(&open)
	if len(steps) != 5 || steps[0].Command == "" || steps[1].Do != "Think" || steps[2].Command+steps[3].Command+steps[4].Command != "" {
		t.Errorf("steps are %q", steps)
	}
	ended := only(exportertest.Of(deleted, pipeline.Resolved, time.Minute))
	if got := wording.Commands(&ended); len(got) != 1 || !strings.Contains(got[0], "is its Last Sequence the origin's?") || wording.Steps(&ended) != nil || wording.Warnings(&ended) != nil {
		t.Errorf("of an end, commands are %q", got)
	}
}

func TestCommonCause(t *testing.T) {
	story := func(cause pipeline.Cause, sure pipeline.Sureness, kind pipeline.ChangeKind) wording.Story {
		i := exportertest.Lost()
		i.Diagnosis = pipeline.Diagnosis{Cause: cause, Sure: sure}
		return wording.Story{Change: exportertest.Of(i, kind, 0)}
	}
	down := story(pipeline.CauseLinkDown, pipeline.Certain, pipeline.Opened)
	guess := story(pipeline.CauseLinkDown, pipeline.Likely, pipeline.Opened)
	other := story(pipeline.CauseDeleted, pipeline.Certain, pipeline.Opened)
	over := story(pipeline.CauseDeleted, pipeline.Certain, pipeline.Resolved)
	for name, test := range map[string]struct {
		stories []wording.Story
		begin   string
	}{
		"one":                        {[]wording.Story{down}, ""},
		"the same":                   {[]wording.Story{down, down, over}, "link down (certain)"},
		"no surer than the least so": {[]wording.Story{down, guess, down}, "link down (likely)"},
		"different":                  {[]wording.Story{down, other}, ""},
		"all over":                   {[]wording.Story{over, over}, ""},
	} {
		if got := wording.CommonCause(test.stories); !strings.HasPrefix(got, test.begin) || test.begin == "" && got != "" {
			t.Errorf("%s: %q, want %q", name, got, test.begin)
		}
	}
}
