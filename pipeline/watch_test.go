package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestIncidentOpensWhenTheLimitPassesAndResolvesOnProof(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 121)}
	w := newWorld(t, a, &mirror{key: key("B"), limit: secs(30)})
	w.run(0, 180)
	w.wants(
		change{90, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
		change{128.375, pipeline.Resolved, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
	)
}

func TestDeadlineIsPrecededByTwoLooksAtJustThatStream(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(20.25), cut: cut(60.5, 121)}
	w := newWorld(t, a)
	w.run(0, 81)
	w.wants(change{80.25, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent})
	var single []float64
	for _, q := range w.asked {
		if second := q.at.Sub(epoch).Seconds(); second > 75 && second < 80 { // rounds are at 75 and 80
			single = append(single, second)
		}
	}
	if want := []float64{76.75, 79.75}; !slices.Equal(single, want) {
		t.Errorf("looks at %v before the deadline at 80.25, want %v", single, want)
	}
}

func TestSawToothMinusOneAndLeaderChangeNeverResolve(t *testing.T) {
	for name, m := range map[string]*mirror{
		"saw-tooth of 10 s":                {cut: cut(60.5, 301), reset: secs(10)},
		"saw-tooth of 20 s":                {cut: cut(60.5, 301), reset: secs(20)},
		"leader changes":                   {cut: cut(60.5, 301), leaders: []time.Time{at(110), at(150), at(151)}},
		"leader changes during a sawtooth": {cut: cut(60.5, 301), reset: secs(10), leaders: []time.Time{at(110), at(153)}},
		"nobody leads":                     {cut: cut(60.5, 301), absent: cut(120, 200)},
		"missing in lists":                 {cut: cut(60.5, 301), fault: []faulty{{cut(120, 200)[0], pipeline.FaultMissing}}},
		"no answer":                        {cut: cut(60.5, 301), frozen: cut(120, 200)},
		"API errors":                       {cut: cut(60.5, 301), fault: []faulty{{cut(120, 200)[0], pipeline.FaultAPI}}},
	} {
		m.key, m.limit = key("A"), secs(30)
		w := newWorld(t, m, &mirror{key: key("B")})
		w.run(0, 300)
		var kinds []pipeline.ChangeKind
		for _, c := range w.changes {
			if c.Kind != pipeline.Updated && c.Incident.Rule == pipeline.RuleSeen {
				kinds = append(kinds, c.Kind)
			}
		}
		if !slices.Equal(kinds, []pipeline.ChangeKind{pipeline.Opened}) {
			t.Errorf("%s: %v, want it opened once", name, kinds)
		}
	}
}

func TestStaleContactOpensAtFirstSight(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(-3000, 600)})
	w.run(0, 20)
	w.wants(change{0, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent})
}

func TestMirrorWithoutLimitFallsToTheDefault(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), cut: cut(10.5, 601)})
	w.run(0, 700)
	w.wants(
		change{310, pipeline.Opened, pipeline.RuleSeenDefault, "A", pipeline.ReasonSilent},
		change{608.375, pipeline.Resolved, pipeline.RuleSeenDefault, "A", pipeline.ReasonSilent},
	)
	if level := w.changes[0].Incident.Level; level != pipeline.Warning {
		t.Errorf("level %s, want warning", level)
	}
}

func TestLimitChangeWhileOpen(t *testing.T) {
	for name, c := range map[string]struct {
		to   float64
		want []change
	}{
		"raised": {200, []change{
			{90, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
			{120, pipeline.Closed, pipeline.RuleSeen, "A", "limit changed"},
			{260, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
		}},
		"removed": {0, []change{
			{90, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
			{120, pipeline.Closed, pipeline.RuleSeen, "A", "limit removed"},
		}},
		"lowered": {10, []change{{90, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 601), limits: []limited{{at(118), secs(c.to)}}})
			w.run(0, 300)
			w.wants(c.want...)
		})
	}
}

func TestLimitThatIsSetReplacesTheDefault(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), cut: cut(10.5, 601), limits: []limited{{at(398), secs(300)}}})
	w.run(0, 450)
	w.wants(
		change{310, pipeline.Opened, pipeline.RuleSeenDefault, "A", pipeline.ReasonSilent},
		change{402.75, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
		change{402.75, pipeline.Closed, pipeline.RuleSeenDefault, "A", pipeline.ReasonOwnLimit},
	)
}

func TestNewLimitOpensAtOnceWhereItIsOver(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), cut: cut(10.5, 601), limits: []limited{{at(98), secs(30)}}})
	w.run(0, 110)
	w.wants(change{102.75, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent})
}

func TestSameRehearsalGivesTheSameChanges(t *testing.T) {
	run := func() string {
		var mirrors []*mirror
		for i := range 40 {
			mirrors = append(mirrors, &mirror{key: key(fmt.Sprint("M", i)), limit: secs(30), cut: cut(60.5, 171), frozen: cut(100, 150)})
		}
		w := newWorld(t, mirrors...)
		w.run(0, 240)
		var text strings.Builder
		for _, c := range w.changes {
			fmt.Fprintln(&text, since(c.At), c.Key(), c.Kind, c.Incident.Reason)
		}
		return text.String()
	}
	first := run()
	for range 5 {
		if again := run(); again != first {
			t.Fatalf("first:\n%s\nand again:\n%s", first, again)
		}
	}
}
