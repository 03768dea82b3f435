package rules_test

import (
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

// limited is a stream with limits on it as a whole, and a leader.
func limited(c pipeline.Checks, edit func(s *pipeline.StreamView)) *pipeline.View {
	return stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) {
		s.Policy.Checks, s.Whole.Leader = c, "a"
		if edit != nil {
			edit(s)
		}
	})
}

// unseens are what must neither open nor end anything.
func unseens(c pipeline.Checks) map[string]ruled {
	return map[string]ruled{
		"never seen": {
			limited(c, func(s *pipeline.StreamView) { s.Whole = nil }),
			pipeline.Unknown, pipeline.ReasonStarting,
			time.Time{},
		},
		"not seen now": {
			limited(c, func(s *pipeline.StreamView) { s.Fault.Kind = pipeline.FaultMissing }),
			pipeline.Unknown, string(pipeline.FaultMissing),
			time.Time{},
		},
		"blind": {
			limited(c, func(s *pipeline.StreamView) { s.Blind = "eof" }),
			pipeline.Unknown, pipeline.ReasonBlind,
			time.Time{},
		},
	}
}

func TestChecksWithoutLimitsHaveNoOpinion(t *testing.T) {
	for _, r := range []pipeline.Rule{rules.Sources{}, rules.Peers{}, rules.Messages{}, rules.Subjects{}} {
		if all := verdicts(r, limited(pipeline.Checks{}, nil)); len(all) != 0 {
			t.Errorf("%T: %+v, want no opinion", r, all)
		}
	}
}

func TestSources(t *testing.T) {
	sources := func(least, most uint64, n int) *pipeline.View {
		return limited(pipeline.Checks{MinSources: least, MaxSources: most}, func(s *pipeline.StreamView) {
			s.Links = slices.Repeat(s.Links, n)
			for i := range s.Links {
				s.Links[i].Subject.Kind = pipeline.KindSource
			}
		})
	}
	check(t, rules.Sources{}, pipeline.RuleSources, map[string]ruled{
		"too few":    {sources(3, 5, 2), pipeline.Critical, pipeline.ReasonFewSources, time.Time{}},
		"the least":  {sources(3, 5, 3), pipeline.OK, "", time.Time{}},
		"the most":   {sources(3, 5, 5), pipeline.OK, "", time.Time{}},
		"too many":   {sources(3, 5, 6), pipeline.Critical, pipeline.ReasonManySources, time.Time{}},
		"no least":   {sources(0, 5, 1), pipeline.OK, "", time.Time{}},
		"no most":    {sources(3, 0, 9), pipeline.OK, "", time.Time{}},
		"one mirror": {limited(pipeline.Checks{MinSources: 1}, nil), pipeline.Critical, pipeline.ReasonFewSources, time.Time{}},
	})
	check(t, rules.Sources{}, pipeline.RuleSources, unseens(pipeline.Checks{MinSources: 3}))
}

func TestPeers(t *testing.T) {
	peers := func(c pipeline.Checks, peers ...pipeline.Peer) *pipeline.View {
		return limited(c, func(s *pipeline.StreamView) { s.Whole.Peers = peers })
	}
	b := pipeline.Peer{Name: "b", Current: true, Active: time.Second}
	behind := pipeline.Peer{Name: "c", Active: time.Second, Lag: 11}
	gone := pipeline.Peer{Name: "d", Offline: true, Active: 61 * time.Second, Lag: 500}
	unheard := func(active time.Duration) pipeline.Peer {
		return pipeline.Peer{Name: "e", Unheard: true, Active: active, Lag: 500}
	}
	all := pipeline.Checks{PeerExpect: 3, PeerLagCritical: 10, PeerSeenCritical: time.Minute}
	check(t, rules.Peers{}, pipeline.RulePeers, map[string]ruled{
		"as expected":             {peers(all, b, b), pipeline.OK, "", time.Time{}},
		"one is missing":          {peers(all, b), pipeline.Critical, pipeline.ReasonPeerCount, time.Time{}},
		"one too many":            {peers(all, b, b, gone), pipeline.Critical, pipeline.ReasonPeerCount, time.Time{}},
		"one is behind":           {peers(all, b, behind), pipeline.Critical, pipeline.ReasonPeerLag, time.Time{}},
		"at the limit of lag":     {peers(all, b, pipeline.Peer{Lag: 10}), pipeline.OK, "", time.Time{}},
		"one is gone, one behind": {peers(all, behind, gone), pipeline.Critical, pipeline.ReasonPeerSeen, time.Time{}},
		"at the limit of age":     {peers(all, b, pipeline.Peer{Active: time.Minute}), pipeline.OK, "", time.Time{}},
		"a new leader":            {peers(all, b, unheard(0)), pipeline.Unknown, pipeline.ReasonPeerSeen, time.Time{}},
		"unheard for too long":    {peers(all, b, unheard(61*time.Second)), pipeline.Critical, pipeline.ReasonPeerSeen, time.Time{}},
		"unheard, lag in earnest": {peers(all, b, unheard(10*time.Second)), pipeline.Critical, pipeline.ReasonPeerLag, time.Time{}},
		"unheard, only the count": {peers(pipeline.Checks{PeerExpect: 3}, b, unheard(0)), pipeline.OK, "", time.Time{}},
		"only the count":          {peers(pipeline.Checks{PeerExpect: 3}, behind, gone), pipeline.OK, "", time.Time{}},
		"a standalone server":     {peers(pipeline.Checks{PeerExpect: 1, PeerSeenCritical: time.Second}), pipeline.OK, "", time.Time{}},
		"no leader": {
			limited(all, func(s *pipeline.StreamView) { s.Whole.Leader = "" }),
			pipeline.Unknown, pipeline.ReasonNoGroup,
			time.Time{},
		},
	})
	check(t, rules.Peers{}, pipeline.RulePeers, unseens(all))
	v := verdicts(rules.Peers{}, peers(all, behind, gone))[0]
	if v.Value != 61 || v.Limit != 60 || v.Unit != pipeline.UnitSeconds || v.Detail != "d was last heard of 1m1s ago, and is offline" {
		t.Errorf("got %+v", v)
	}
	if v = verdicts(rules.Peers{}, peers(all, b, unheard(61*time.Second)))[0]; v.Detail != "e was not heard of for 1m1s or longer" {
		t.Errorf("got %+v", v)
	}
	if v = verdicts(rules.Peers{}, peers(all, b, behind))[0]; v.Value != 11 || v.Limit != 10 || v.Detail != "c is 11 operations behind" {
		t.Errorf("got %+v", v)
	}
}

func TestMessagesAndSubjects(t *testing.T) {
	levels := func(warning, critical uint64) pipeline.Thresholds {
		return pipeline.Thresholds{Warning: warning, Critical: critical}
	}
	few, many := pipeline.ReasonFewCount, pipeline.ReasonManyCount
	for what, c := range map[string]struct {
		thresholds       pipeline.Thresholds
		count            uint64
		messages, counts pipeline.Level
		mReason, sReason string
	}{
		"critical alone, at it":     {levels(0, 10), 10, pipeline.Critical, pipeline.Critical, few, many},
		"critical alone, under it":  {levels(0, 10), 9, pipeline.Critical, pipeline.OK, few, ""},
		"critical alone, over it":   {levels(0, 10), 11, pipeline.OK, pipeline.Critical, "", many},
		"warning alone, at it":      {levels(10, 0), 10, pipeline.Warning, pipeline.Warning, few, few},
		"warning alone, none":       {levels(10, 0), 0, pipeline.Warning, pipeline.Warning, few, few},
		"warning alone, over it":    {levels(10, 0), 11, pipeline.OK, pipeline.OK, "", ""},
		"rising, under both":        {levels(10, 20), 9, pipeline.OK, pipeline.OK, "", ""},
		"rising, at the warning":    {levels(10, 20), 10, pipeline.Warning, pipeline.Warning, many, many},
		"rising, at the critical":   {levels(10, 20), 20, pipeline.Critical, pipeline.Critical, many, many},
		"falling, over both":        {levels(20, 10), 21, pipeline.OK, pipeline.OK, "", ""},
		"falling, at the warning":   {levels(20, 10), 20, pipeline.Warning, pipeline.Warning, few, few},
		"falling, at the critical":  {levels(20, 10), 10, pipeline.Critical, pipeline.Critical, few, few},
		"equal: at or under, worst": {levels(10, 10), 10, pipeline.Critical, pipeline.Critical, few, few},
		"empty, critical alone":     {levels(0, 10), 0, pipeline.Critical, pipeline.OK, few, ""},
	} {
		v := limited(pipeline.Checks{Messages: c.thresholds, Subjects: c.thresholds}, func(s *pipeline.StreamView) {
			s.Whole.State.Messages, s.Whole.State.Subjects = c.count, c.count
		})
		check(t, rules.Messages{}, pipeline.RuleMessages, map[string]ruled{what: {v, c.messages, c.mReason, time.Time{}}})
		check(t, rules.Subjects{}, pipeline.RuleSubjects, map[string]ruled{what: {v, c.counts, c.sReason, time.Time{}}})
	}
	c := pipeline.Checks{Messages: levels(20, 10), Subjects: levels(20, 10)}
	check(t, rules.Messages{}, pipeline.RuleMessages, unseens(c))
	check(t, rules.Subjects{}, pipeline.RuleSubjects, unseens(c))
	leaderless := ruled{limited(c, func(s *pipeline.StreamView) { s.Whole.Leader = "" }), pipeline.Unknown, pipeline.ReasonNoGroup, time.Time{}}
	check(t, rules.Messages{}, pipeline.RuleMessages, map[string]ruled{"no leader": leaderless})
	low := limited(c, func(s *pipeline.StreamView) { s.Whole.State.Messages = 12 })
	v := verdicts(rules.Messages{}, low)[0]
	if v.Value != 12 || v.Limit != 20 || v.Unit != pipeline.UnitMessages || v.Detail != "12 messages, warning at 20 or fewer" || !v.Evidence.Equal(ago(1)) {
		t.Errorf("got %+v", v)
	}
}
