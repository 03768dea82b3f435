package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// flap has the connection go away, and come back at once, at the first step from each of these seconds on.
func (w *world) flap(seconds ...float64) {
	w.away = func(now time.Time) time.Duration {
		for len(seconds) > 0 && !now.Before(at(seconds[0])) {
			seconds = seconds[1:]
			w.watch.Signal(now, pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: "flap"})
			w.watch.Signal(now, pipeline.Signal{Kind: pipeline.SignalConnected})
		}
		return 0
	}
}

func TestGraceEndsWithTheNextProof(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(5), cut: cut(103.5, 190)})
	w.run(0, 50)
	records := w.watch.State().Streams
	w.start(100, records, w.watch.Incidents()) // grace to 110
	w.run(100, 120)
	w.wants(change{108, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent})
}

// A is never proven. It falls due while nothing answers, and gets another limit before its grace ends.
func TestGraceAfterBlindnessEndsWithTheLimitThatItWasGivenFor(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(30), absent: cut(0, 300), frozen: cut(20.2, 32.5), limits: []limited{{at(33), secs(37)}}}
	w := newWorld(t, a, &mirror{key: key("B"), frozen: cut(20.2, 32.5)})
	w.run(0, 60)
	w.wants(
		change{10, pipeline.Opened, pipeline.RuleLeaderless, "A", pipeline.ReasonNoGroup},
		change{30, pipeline.Opened, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved},
		change{36.375, pipeline.Resolved, pipeline.RuleUnobserved, "", pipeline.ReasonUnobserved},
		change{37, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonNoLeader},
	)
}

func TestConnectionThatFlapsAtTheStartGivesNoMoreGrace(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), absent: cut(30, 300)}, &mirror{key: key("B")})
	w.run(0, 50)
	records := w.watch.State().Streams
	w.start(100, records, w.watch.Incidents())
	w.flap(105, 108)
	w.run(100, 140)
	w.wants(
		change{40, pipeline.Opened, pipeline.RuleLeaderless, "A", pipeline.ReasonNoGroup},
		change{110, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonNoLeader},
	)
}

func TestAnswerAtTheVeryDeadlineLeavesNothingUncovered(t *testing.T) {
	b := &mirror{key: key("B"), limit: secs(60)}
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), frozen: cut(60.5, 300)}, b)
	b.frozen = cut(60.5, 89.9)
	w.run(0, 89.9)
	sample, _ := b.look(at(90))
	w.watch.Observe(at(90), 0, &sample) // before the turn at 90 s
	changes := w.watch.Drain(false).Changes
	if len(changes) != 1 || changes[0].Kind != pipeline.Opened || changes[0].Incident.Rule != pipeline.RuleUnobserved {
		t.Errorf("%+v, want unobserved opened", changes)
	}
}

// A's second answer proves it, from before the first one: its limit, counted from that one until then, is over at once. A blindness that has
// just ended gave it grace.
func TestFirstProofThatIsOlderThanItsLinkIsCoveredAtOnce(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(5), delay: secs(3.1), early: 0.5, cut: cut(2.1, 60)}
	w := newWorld(t, a, &mirror{key: key("B"), limit: secs(60), delay: secs(0.01)})
	w.opt.Interval = secs(60)
	w.flap(5)
	proven := 0
	w.watching = func(now time.Time) {
		for _, l := range linksOn(w.board) {
			if l.Subject.Stream != "A" || l.Proof.IsZero() {
				continue
			}
			proven++
			if len(w.watch.Incidents()) == 0 {
				t.Errorf("at %s A is proven at %s, and nothing is open", since(now), since(l.Proof))
			}
		}
	}
	w.run(0, 20)
	if proven == 0 {
		t.Error("A was never proven")
	}
	if open := w.watch.Incidents(); len(open) != 1 || open[0].Rule != pipeline.RuleSeen {
		t.Errorf("open at the end: %+v, want A's", open)
	}
}

// A was proven before the stop, and gets the grace of the start. A blindness within that takes none of it away.
func TestBlindnessWithinTheGraceOfAStartTakesNoneOfItAway(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(30), frozen: cut(99, 104.7), delay: secs(0.5)}
	w := newWorld(t, a, &mirror{key: key("B"), limit: secs(300), delay: secs(0.01)})
	w.opt.Interval = secs(60)
	w.run(0, 50)
	w.start(100, w.watch.State().Streams, w.watch.Incidents())
	w.flap(105.2)
	w.run(100, 160)
	w.wants()
}
