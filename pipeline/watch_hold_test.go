package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestSeenWithAHoldOpensAtLimitAndHold(t *testing.T) {
	for name, m := range map[string]*mirror{
		"looked at":     {cut: cut(60.5, 200)},
		"without looks": {cut: cut(60.5, 200), frozen: cut(62, 130)},
	} {
		t.Run(name, func(t *testing.T) {
			m.key, m.limit = key("A"), secs(30)
			w := newWorld(t, m, &mirror{key: key("B"), limit: secs(30)})
			w.opt.Holds = map[string]time.Duration{pipeline.RuleSeen: 20 * time.Second}
			w.run(0, 300)
			if len(w.changes) < 2 || w.changes[0].At != at(110) || w.changes[0].Kind != pipeline.Opened || w.changes[0].Incident.Since != at(60) {
				t.Fatalf("%+v, want it opened at 110 s for a silence since 60 s", w.changes)
			}
			last := w.changes[len(w.changes)-1]
			if last.Kind != pipeline.Resolved || last.At.Before(at(200+20)) || last.At.After(at(200+20+12)) || last.Silent > secs(152) {
				t.Errorf("%s at %s after %s, want it resolved 20 s after contact, which was missing for 140 s", last.Kind, since(last.At), last.Silent)
			}
		})
	}
}

func TestBlipWithinAHoldIsNothing(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 101)})
	w.opt.Holds = map[string]time.Duration{pipeline.RuleSeen: time.Minute}
	w.run(0, 300)
	w.wants()
}

// A link is over its limit, and held, when its connection goes blind: the blindness is told when the hold is over.
func TestBlindnessCoversWhatIsHeld(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 9999), frozen: cut(95, 300)}, &mirror{key: key("B"), limit: secs(600), frozen: cut(95, 300)})
	w.opt.Holds = map[string]time.Duration{pipeline.RuleSeen: 45 * time.Second}
	w.run(0, 299)
	w.wants(change{135, pipeline.Opened, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved})
}

func TestLimitThatIsRemovedDuringAHoldLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 9999), limits: []limited{{at(99), 0}, {at(141), secs(30)}}})
	w.opt.Holds = map[string]time.Duration{pipeline.RuleSeen: 30 * time.Second}
	w.run(0, 200)
	w.wants(
		change{102.75, pipeline.Closed, pipeline.RuleSeen, "A", pipeline.ReasonLimitRemoved},
		change{141.375, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
	)
}
