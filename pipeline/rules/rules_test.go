package rules_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

var now = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func ago(seconds float64) time.Time {
	return now.Add(-time.Duration(seconds * float64(time.Second)))
}

// stream is a healthy mirror with a limit of 30 s, seen just now.
func stream(edit func(s *pipeline.StreamView, l *pipeline.LinkView)) *pipeline.View {
	key := pipeline.StreamKey{Connection: "dr", Stream: "M"}
	s := &pipeline.StreamView{
		Key: key, First: ago(3600), Whole: &pipeline.Sample{Key: key, At: ago(1)},
		Policy: pipeline.Policy{SeenCritical: pipeline.Some(30 * time.Second)},
		Links: []pipeline.LinkView{{
			Subject: pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror, Origin: "O"},
			First:   ago(3600), Proof: ago(2), Bound: ago(2),
			Sample: pipeline.LinkSample{Kind: pipeline.KindMirror, Origin: "O", Reported: true, Active: time.Second},
		}},
	}
	if edit != nil {
		edit(s, &s.Links[0])
	}
	return &pipeline.View{Stream: s}
}

func verdicts(r pipeline.Rule, v *pipeline.View) []pipeline.Verdict {
	var all []pipeline.Verdict
	r.Judge(now, v, func(v pipeline.Verdict) { all = append(all, v) })
	return all
}

// ruled is a view, and the verdict that a rule is to give of it.
type ruled struct {
	view   *pipeline.View
	level  pipeline.Level
	reason string
	due    time.Time
}

func check(t *testing.T, rule pipeline.Rule, name string, cases map[string]ruled) {
	t.Helper()
	for what, c := range cases {
		all := verdicts(rule, c.view)
		if len(all) != 1 {
			t.Errorf("%s: %d verdicts, want one", what, len(all))
			continue
		}
		v := all[0]
		if v.Rule != name || v.Level != c.level || v.Reason != c.reason || !v.Due.Equal(c.due) {
			t.Errorf("%s: %s %s %q, due %s; want %s %s %q, due %s", what, v.Rule, v.Level, v.Reason, v.Due, name, c.level, c.reason, c.due)
		}
	}
}

func TestSeen(t *testing.T) {
	over := func(edit func(s *pipeline.StreamView, l *pipeline.LinkView)) *pipeline.View {
		return stream(func(s *pipeline.StreamView, l *pipeline.LinkView) {
			l.Proof, l.Bound, l.Sample.Active = ago(30), ago(30), 29*time.Second
			if edit != nil {
				edit(s, l)
			}
		})
	}
	check(t, rules.Seen{}, pipeline.RuleSeen, map[string]ruled{
		"proven":       {stream(nil), pipeline.OK, "", ago(-28)},
		"at the limit": {over(nil), pipeline.Critical, pipeline.ReasonSilent, time.Time{}},
		"before the limit": {
			stream(func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Proof = ago(29.999) }), pipeline.OK, "", ago(29.999 - 30),
		},
		"never proven, not yet due": {
			stream(func(_ *pipeline.StreamView, l *pipeline.LinkView) {
				l.Proof, l.First, l.Bound = time.Time{}, ago(10), time.Time{}
			}),
			pipeline.Unknown, pipeline.ReasonUnproven, ago(-20),
		},
		"never proven, and the bound is older": {
			stream(func(_ *pipeline.StreamView, l *pipeline.LinkView) {
				l.Proof, l.First, l.Bound = time.Time{}, ago(10), ago(40)
			}),
			pipeline.Critical, pipeline.ReasonSilent,
			time.Time{},
		},
		"in grace": {
			over(func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Grace = ago(-5) }), pipeline.Unknown, pipeline.ReasonStarting, ago(-5),
		},
		"in grace, and the newest answer says that it is over": {
			over(func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Grace, l.Sample.Active = ago(-5), 30*time.Second }),
			pipeline.Critical, pipeline.ReasonSilent,
			time.Time{},
		},
		"in grace, with a bound that grew old without answers": {
			over(func(_ *pipeline.StreamView, l *pipeline.LinkView) {
				l.Grace, l.Bound, l.Sample.Active = ago(-5), ago(300), time.Second
			}), pipeline.Unknown, pipeline.ReasonStarting, ago(-5),
		},
		"blind": {
			over(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Blind = "x" }), pipeline.Unknown, pipeline.ReasonBlind, time.Time{},
		},
		"-1": {
			over(func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Sample.Active = -1 }), pipeline.Critical, pipeline.ReasonNoContact, time.Time{},
		},
		"not reported": {
			over(func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Sample.Reported = false }), pipeline.Critical, pipeline.ReasonNoLeader, time.Time{},
		},
		"server's error": {
			over(func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Sample.Error = "stream not found" }),
			pipeline.Critical, pipeline.ReasonServerError,
			time.Time{},
		},
		"no answer": {
			over(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Fault.Kind = pipeline.FaultNoAnswer }),
			pipeline.Critical, string(pipeline.FaultNoAnswer),
			time.Time{},
		},
	})
	for what, limit := range map[string]pipeline.Optional[time.Duration]{"no limit": {}, "limit 0": pipeline.Some(time.Duration(0))} {
		v := over(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Policy.SeenCritical = limit })
		if all := verdicts(rules.Seen{}, v); len(all) != 0 {
			t.Errorf("%s: %+v, want no opinion", what, all)
		}
	}
}

func TestSeenDefault(t *testing.T) {
	rule := rules.SeenDefault{After: 5 * time.Minute}
	unlimited := func(proof float64, limit pipeline.Optional[time.Duration]) *pipeline.View {
		return stream(func(s *pipeline.StreamView, l *pipeline.LinkView) {
			s.Policy.SeenCritical, l.Proof, l.Bound = limit, ago(proof), ago(proof)
		})
	}
	for what, c := range map[string]struct {
		view  *pipeline.View
		level pipeline.Level
	}{
		"proven":                  {unlimited(2, pipeline.Optional[time.Duration]{}), pipeline.OK},
		"over":                    {unlimited(300, pipeline.Optional[time.Duration]{}), pipeline.Warning},
		"has a limit":             {unlimited(300, pipeline.Some(time.Hour)), pipeline.OK},
		"its check is turned off": {unlimited(300, pipeline.Some(time.Duration(0))), pipeline.OK},
	} {
		all := verdicts(rule, c.view)
		if len(all) != 2 || all[0].Subject.IsLink() || all[0].Level != pipeline.OK || all[1].Level != c.level {
			t.Errorf("%s: %+v, want ok of the stream and %s of the link", what, all, c.level)
		}
	}
	unseen := func(first float64, blind string) *pipeline.View {
		return stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) {
			s.Whole, s.Links, s.First, s.Blind = nil, nil, ago(first), blind
		})
	}
	check(t, rule, pipeline.RuleSeenDefault, map[string]ruled{
		"not seen yet":            {unseen(10, ""), pipeline.Unknown, pipeline.ReasonNeverSeen, ago(-290)},
		"never seen":              {unseen(300, ""), pipeline.Warning, pipeline.ReasonNeverSeen, time.Time{}},
		"never seen, and blind":   {unseen(300, "x"), pipeline.Unknown, pipeline.ReasonNeverSeen, time.Time{}},
		"seen, but without links": {stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Links = nil }), pipeline.OK, "", time.Time{}},
	})
	if all := verdicts(rules.SeenDefault{}, unlimited(900, pipeline.Optional[time.Duration]{})); len(all) != 0 {
		t.Errorf("switched off: %+v", all)
	}
}

func TestLag(t *testing.T) {
	lagging := func(lag uint64, edit func(s *pipeline.StreamView, l *pipeline.LinkView)) *pipeline.View {
		return stream(func(s *pipeline.StreamView, l *pipeline.LinkView) {
			s.Policy.LagCritical, l.Sample.Lag = pipeline.Some(uint64(100)), lag
			if edit != nil {
				edit(s, l)
			}
		})
	}
	check(t, rules.Lag{}, pipeline.RuleLag, map[string]ruled{
		"none":         {lagging(0, nil), pipeline.OK, "", time.Time{}},
		"below":        {lagging(99, nil), pipeline.OK, "", time.Time{}},
		"at the limit": {lagging(100, nil), pipeline.Critical, pipeline.ReasonLag, time.Time{}},
		"not reported": {lagging(0, func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Sample.Reported = false }), pipeline.Unknown, "", time.Time{}},
		"never proven": {lagging(0, func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Proof = time.Time{} }), pipeline.Unknown, "", time.Time{}},
		"not seen": {
			lagging(0, func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Fault.Kind = pipeline.FaultMissing }), pipeline.Unknown, "", time.Time{},
		},
	})
	if all := verdicts(rules.Lag{}, stream(nil)); len(all) != 0 {
		t.Errorf("without a limit: %+v", all)
	}
	moved := lagging(0, func(_ *pipeline.StreamView, l *pipeline.LinkView) { l.Moved = ago(3) })
	if ok := verdicts(rules.Lag{}, moved)[0]; !ok.Evidence.Equal(ago(3)) {
		t.Errorf("called ok on evidence of %s, want the newest copying: neither a lag of 0 nor contact proves any", ok.Evidence)
	}
}

func TestPolicy(t *testing.T) {
	connection := func(demand float64) *pipeline.View {
		return &pipeline.View{Connection: &pipeline.ConnectionView{Name: "dr", Demand: demand, Budget: 2000}}
	}
	check(t, rules.Policy{}, pipeline.RulePolicy, map[string]ruled{
		"all understood": {stream(nil), pipeline.OK, "", time.Time{}},
		"not understood": {
			stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) {
				s.Policy.Findings = []pipeline.Finding{{Key: "seen-critical", Value: "5M", Problem: "a month is never meant"}}
			}), pipeline.Warning, pipeline.ReasonMetadata, time.Time{},
		},
		"within the budget": {connection(2000), pipeline.OK, "", time.Time{}},
		"over the budget":   {connection(2001), pipeline.Warning, pipeline.ReasonBudget, time.Time{}},
	})
}

func TestUnobserved(t *testing.T) {
	connection := func(edit func(c *pipeline.ConnectionView)) *pipeline.View {
		c := &pipeline.ConnectionView{Name: "dr", Blind: true, BlindSince: ago(20), Deadline: ago(-10), Answered: ago(20)}
		edit(c)
		return &pipeline.View{Connection: c}
	}
	check(t, rules.Unobserved{Patience: 30 * time.Second}, pipeline.RuleUnobserved, map[string]ruled{
		"not blind": {connection(func(c *pipeline.ConnectionView) { c.Blind = false }), pipeline.OK, "", time.Time{}},
		"links are uncovered": {
			connection(func(c *pipeline.ConnectionView) { c.Blind, c.Uncovered, c.Deadline = false, 1, time.Time{} }),
			pipeline.Unknown, pipeline.ReasonProving,
			time.Time{},
		},
		"links are uncovered, one falls due later": {
			connection(func(c *pipeline.ConnectionView) { c.Blind, c.Uncovered = false, 1 }), pipeline.Unknown, pipeline.ReasonProving, ago(-10),
		},
		"links are uncovered, one falls due": {
			connection(func(c *pipeline.ConnectionView) { c.Blind, c.Uncovered, c.Deadline = false, 1, now }),
			pipeline.Critical, pipeline.ReasonProving,
			time.Time{},
		},
		"blind, nothing due": {connection(func(*pipeline.ConnectionView) {}), pipeline.Unknown, pipeline.ReasonUnobserved, ago(-10)},
		"blind, a link due":  {connection(func(c *pipeline.ConnectionView) { c.Deadline = now }), pipeline.Critical, pipeline.ReasonUnobserved, time.Time{}},
		"blind, no deadline": {
			connection(func(c *pipeline.ConnectionView) { c.Deadline = time.Time{} }), pipeline.Unknown, pipeline.ReasonUnobserved, ago(-10),
		},
		"blind, no deadline, for long": {
			connection(func(c *pipeline.ConnectionView) { c.Deadline, c.BlindSince = time.Time{}, ago(30) }),
			pipeline.Critical, pipeline.ReasonUnobserved,
			time.Time{},
		},
	})
}

func TestJournal(t *testing.T) {
	agent := func(edit func(a *pipeline.AgentView)) *pipeline.View {
		a := &pipeline.AgentView{Committed: ago(1)}
		edit(a)
		return &pipeline.View{Agent: a}
	}
	check(t, rules.Journal{LostFor: time.Minute}, pipeline.RuleJournal, map[string]ruled{
		"written": {agent(func(*pipeline.AgentView) {}), pipeline.OK, "", time.Time{}},
		"cannot be written": {
			agent(func(a *pipeline.AgentView) { a.CommitError, a.FailedSince = "disk full", ago(5) }), pipeline.Critical, pipeline.ReasonCommit, time.Time{},
		},
		"lost":       {agent(func(a *pipeline.AgentView) { a.Lost, a.LostAt = "damaged", ago(10) }), pipeline.Critical, pipeline.ReasonLost, ago(-50)},
		"lost, told": {agent(func(a *pipeline.AgentView) { a.Lost, a.LostAt = "damaged", ago(60) }), pipeline.OK, "", time.Time{}},
	})
}
