package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// runDisconnected runs the world for two minutes and a half. For a stretch of them, which begins and ends while no answer is on its
// way, the connection is away.
func (w *world) runDisconnected(from, to float64) {
	for _, m := range w.mirrors {
		m.frozen = append(m.frozen, cut(from, to)...)
	}
	w.run(0, from)
	w.watch.Signal(at(from), pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: "cable"})
	w.run(from, to)
	w.watch.Signal(at(to), pipeline.Signal{Kind: pipeline.SignalConnected})
	w.run(to, 150)
}

// wantsUnobserved holds the changes so far against one incident on the connection, and when it opened and was resolved.
func (w *world) wantsUnobserved(opened, resolvedBy time.Time) {
	w.t.Helper()
	if len(w.changes) != 2 {
		w.t.Fatalf("%d changes, want two: %+v", len(w.changes), w.changes)
	}
	first, last := w.changes[0], w.changes[1]
	if i := first.Incident; i.Rule != pipeline.RuleUnobserved || first.Kind != pipeline.Opened || !first.At.Equal(opened) {
		w.t.Errorf("%s %s at %s, want unobserved opened at %s", i.Rule, first.Kind, since(first.At), since(opened))
	}
	if last.Incident.ID != first.Incident.ID || last.Kind != pipeline.Resolved || last.At.After(resolvedBy) {
		w.t.Errorf("%s %s at %s, want it resolved by %s", last.Incident.Rule, last.Kind, since(last.At), since(resolvedBy))
	}
}

// The looks before B's deadline fell into the blindness. It falls due after A's answer ended that, and before its own is there.
func TestLinkThatFallsDueJustAfterABlindnessIsStillCovered(t *testing.T) {
	for after := 0.001; after < 3.5; after += 0.1 {
		a, b := &mirror{key: key("A"), limit: secs(28)}, &mirror{key: key("B"), limit: secs(30 + after), delay: secs(0.02)}
		a.frozen, b.frozen = cut(60.5, 90), cut(60.5, 90)
		w := newWorld(t, a, b)
		w.run(0, 150)
		w.wantsUnobserved(at(88), at(94))
	}
}

// The answer that ends the blindness proves A. B was not looked at for so long that one answer proves nothing, and falls due soon after the
// second.
func TestConnectionsIncidentStaysForALinkThatIsAboutToFallDue(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(6)}, &mirror{key: key("B"), limit: secs(14)})
	w.runDisconnected(64.8, 72.5)
	w.wantsUnobserved(at(70), at(76))
	if end := w.changes[1].At; !end.After(at(73)) {
		t.Errorf("resolved at %s, before B is proven", since(end))
	}
}

// Nobody fell due in the blindness. The limits of many pass before looks can show that all is well: that is one page at most, on the
// connection, from the first such deadline on.
func TestLinksThatFallDueJustAfterAShortBlindnessAreOneIncident(t *testing.T) {
	for after := 0.001; after < 3.5; after += 0.1 {
		mirrors := many(20, 60)
		for i, m := range mirrors[1:] {
			m.limit, m.delay = secs(30+after+float64(i)/1000), secs(0.02)
		}
		w := newWorld(t, mirrors...)
		w.runDisconnected(60.5, 89.9)
		if len(w.changes) == 0 && after > 0.5 { // looks could show it in time
			continue
		}
		w.wantsUnobserved(at(60).Add(secs(30+after)), at(94))
		if i := w.changes[0].Incident; i.Reason != pipeline.ReasonProving || i.Detail == "" || !i.Since.Equal(at(60.5)) {
			t.Errorf("%+v, want why it was blind, and since when", i)
		}
	}
}

func TestDeadMirrorThatFallsDueJustAfterABlindnessIsToldWithinItsGrace(t *testing.T) {
	for name, dead := range map[string]mirror{
		"silent":                  {cut: cut(60.5, 900)},
		"without a leader":        {absent: cut(60.5, 900)},
		"alone without an answer": {frozen: cut(60.5, 900)},
	} {
		dead.key, dead.limit = key("DEAD"), secs(32)
		w := newWorld(t, &dead, &mirror{key: key("WELL"), limit: secs(60)})
		opened := map[string]time.Time{}
		w.watching = func(now time.Time) {
			for _, i := range w.watch.Incidents() {
				opened[i.Rule] = i.Opened
			}
			_, blind := opened[pipeline.RuleUnobserved]
			if _, told := opened[pipeline.RuleSeen]; !now.Before(at(92)) && !blind && !told {
				t.Errorf("%s: at %s nothing covers it", name, since(now))
			}
		}
		w.runDisconnected(74.8, 89.9) // no question is under way
		if seen := opened[pipeline.RuleSeen]; seen.Before(at(92)) || seen.After(at(100)) {
			t.Errorf("%s: seen opened at %s, want it from 1m32s to 1m40s", name, since(seen))
		}
		if open := w.watch.Incidents(); len(open) == 0 || open[0].Rule == pipeline.RuleUnobserved {
			t.Errorf("%s: open at the end: %+v", name, open)
		}
	}
}

// The looks before the deadline were answered: that the connection was away before, after or between them excuses nothing.
func TestFlapBesideTheLooksBeforeADeadlineGivesNoGrace(t *testing.T) {
	for _, flap := range []float64{86, 88, 89, 89.7} {
		a := &mirror{key: key("A"), limit: secs(30), absent: cut(60.5, 900)}
		w := newWorld(t, a, &mirror{key: key("B")})
		w.runDisconnected(flap, flap+0.05)
		w.wants(
			change{76.375, pipeline.Opened, pipeline.RuleLeaderless, "A", pipeline.ReasonNoGroup},
			change{90, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonNoLeader},
		)
	}
}

// The first answer shows that messages came in the blindness, and so contact at the answer before it: that is long ago, and excuses nobody.
func TestBusyLinksKeepTheirGraceAfterALongBlindness(t *testing.T) {
	mirrors := many(20, 30)
	for _, m := range mirrors {
		m.data, m.frozen = true, cut(60.5, 120)
	}
	w := newWorld(t, mirrors...)
	w.run(0, 150)
	w.wantsUnobserved(w.changes[0].At, at(130))
}

func TestBusyLinksKeepTheirGraceAfterAPause(t *testing.T) {
	for _, suspended := range []bool{false, true} {
		mirrors := many(20, 30)
		for _, m := range mirrors {
			m.data = true
		}
		w := newWorld(t, mirrors...)
		w.run(0, 60)
		if suspended {
			w.watch.Slept(at(60), secs(60))
			w.run(60, 90)
		} else {
			w.run(120, 150)
		}
		w.wants()
	}
}

// A user may be allowed to list, and not to ask about single streams.
func TestRefusedSingleLooksAreNoBlindness(t *testing.T) {
	a, b := &mirror{key: key("A"), limit: secs(20), cut: cut(60.5, 200)}, &mirror{key: key("B"), limit: secs(20)}
	w := newWorld(t, a, b)
	w.start(0, nil, nil)
	for now := at(0); now.Before(at(120)); now = w.watch.Next() {
		for _, q := range w.watch.Turn(now) {
			for _, k := range w.keys {
				sample, _ := w.mirrors[k].look(now)
				if q.Scope != nil {
					sample = pipeline.Sample{Key: k, Asked: now, At: now, Fault: pipeline.Fault{Kind: pipeline.FaultDenied, Text: "no"}}
				}
				if q.Scope == nil || slices.Contains(q.Scope, k) {
					w.watch.Observe(now, q.ID, &sample)
				}
			}
			w.watch.Done(now, q.ID, nil)
		}
		w.changes = append(w.changes, w.watch.Drain(false).Changes...)
	}
	if len(w.changes) == 0 || w.changes[0].Incident.Rule != pipeline.RuleSeen || w.changes[0].Incident.Reason != pipeline.ReasonSilent {
		t.Fatalf("%+v, want the link told of as silent", w.changes)
	}
	for _, c := range w.changes {
		if c.Incident.Subject.Stream != "A" {
			t.Errorf("%s %s on %s", c.Kind, c.Incident.Rule, c.Incident.Subject)
		}
	}
}
