package rules_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

func TestLeaderless(t *testing.T) {
	// Without a leader since some seconds, say the looks, of which the newest ended in a fault.
	since := func(seconds float64, fault pipeline.FaultKind, edit func(s *pipeline.StreamView)) *pipeline.View {
		return stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) {
			s.Leaderless, s.Fault.Kind = ago(seconds), fault
			if edit != nil {
				edit(s)
			}
		})
	}
	led := func(leader string, fault pipeline.FaultKind) *pipeline.View {
		return stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Whole.Leader, s.Fault.Kind = leader, fault })
	}
	neverWhole := func(s *pipeline.StreamView) { s.Whole = nil }
	check(t, rules.Leaderless{}, pipeline.RuleLeaderless, map[string]ruled{
		"led":                        {led("a", ""), pipeline.OK, "", time.Time{}},
		"standalone":                 {led("standalone", ""), pipeline.OK, "", time.Time{}},
		"led, and not seen now":      {led("a", pipeline.FaultNoAnswer), pipeline.Unknown, string(pipeline.FaultNoAnswer), time.Time{}},
		"an election":                {since(9, "", nil), pipeline.Unknown, pipeline.ReasonNoGroup, ago(-1)},
		"for too long":               {since(10, "", nil), pipeline.Critical, pipeline.ReasonNoGroup, time.Time{}},
		"offline":                    {since(10, pipeline.FaultOffline, nil), pipeline.Critical, pipeline.ReasonOffline, time.Time{}},
		"offline, never seen":        {since(10, pipeline.FaultOffline, neverWhole), pipeline.Critical, pipeline.ReasonOffline, time.Time{}},
		"offline since a moment ago": {since(1, pipeline.FaultOffline, nil), pipeline.Unknown, pipeline.ReasonOffline, ago(-9)},
		"no answer since the first": {
			since(60, pipeline.FaultNoAnswer, func(s *pipeline.StreamView) { s.Whole.At = ago(60) }),
			pipeline.Unknown, pipeline.ReasonNoGroup,
			time.Time{},
		},
		"no answer, but it was due before": {since(60, pipeline.FaultNoAnswer, nil), pipeline.Critical, pipeline.ReasonNoGroup, time.Time{}},
		"no answer, never whole":           {since(60, pipeline.FaultNoAnswer, neverWhole), pipeline.Unknown, pipeline.ReasonNoGroup, time.Time{}},
		"blind": {
			since(60, "", func(s *pipeline.StreamView) { s.Blind = "eof" }),
			pipeline.Unknown, pipeline.ReasonBlind,
			time.Time{},
		},
		"nothing seen": {
			stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Whole = nil }),
			pipeline.Unknown, pipeline.ReasonStarting,
			time.Time{},
		},
	})
}

func TestLeaderlessResolvesOnASampleWithALeader(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	told := ""
	judge := func(v *pipeline.View) {
		rules.Leaderless{}.Judge(now, v, func(v pipeline.Verdict) {
			if c, changed := tracker.Judge(now, v); changed {
				told += string(c.Kind) + " "
			}
		})
	}
	judge(stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Leaderless, s.Whole.At = ago(30), ago(5) }))
	judge(stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) {
		s.Leaderless, s.Fault.Kind = ago(30), pipeline.FaultNoAnswer
	}))
	if told != "opened " {
		t.Errorf("told %q, want it open", told)
	}
	judge(stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Whole.Leader, s.Whole.At = "b", ago(0) }))
	if told != "opened resolved " {
		t.Errorf("told %q, want it resolved", told)
	}
}
