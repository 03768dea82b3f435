package pipeline_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
)

// reload ends the watch, and begins another with what it knew.
func (w *world) reload(from float64) {
	kept := w.watch.State()
	w.ended = kept.Ended
	w.start(from, kept.Streams, kept.Incidents)
}

func TestReloadNeitherEndsNorRepeatsAnIncident(t *testing.T) {
	for _, down := range []float64{0, 0.5, 3} {
		w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(10.5, 201)}, &mirror{key: key("B"), limit: secs(10)})
		w.run(0, 60)
		w.opt.Interval = 7 * time.Second
		w.reload(60 + down)
		w.run(60+down, 150)
		w.reload(150 + down)
		w.run(150+down, 300)
		if len(w.changes) != 2 || w.changes[0].At != at(40) || w.changes[1].Kind != pipeline.Resolved || w.changes[1].Incident.ID != w.changes[0].Incident.ID {
			t.Fatalf("%+v, want one incident opened at 40 s, and resolved", w.changes)
		}
		if resolved := w.changes[1]; resolved.At.After(at(212)) || resolved.Silent < secs(190) {
			t.Errorf("resolved at %s after %s, want 191 s, soon after 201 s", since(resolved.At), resolved.Silent)
		}
	}
}

// The proof is kept: a link that falls due just after a reload opens within the starting grace, one that is well stays so, and one
// that falls due after the grace opens on time.
func TestLimitsFallDueOverAReload(t *testing.T) {
	w := newWorld(t,
		&mirror{key: key("SOON"), limit: secs(30), cut: cut(60.5, 900)}, &mirror{key: key("LATER"), limit: secs(50), cut: cut(60.5, 900)},
		&mirror{key: key("WELL"), limit: secs(5)})
	w.run(0, 89)
	w.reload(89)
	w.run(89, 300)
	opened := map[string]time.Time{}
	for _, c := range w.changes {
		if c.Kind != pipeline.Opened || !opened[c.Incident.Subject.Stream].IsZero() {
			t.Errorf("%s of %s", c.Kind, c.Incident.Subject)
		}
		opened[c.Incident.Subject.Stream] = c.At
	}
	if soon := opened["SOON"]; soon.Before(at(90)) || soon.After(at(99)) {
		t.Errorf("SOON opened at %s, want between its limit and 10 s after the reload", since(soon))
	}
	if len(opened) != 2 || opened["LATER"] != at(110) {
		t.Errorf("%v, want LATER opened at its limit, 110 s, and WELL not at all", opened)
	}
}

func TestReloadUnderOtherOptions(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), cut: cut(10.5, 900)}, &mirror{key: key("B"), limit: secs(30), cut: cut(10.5, 900)})
	w.run(0, 60)
	w.opt.Defaults.SeenCritical = pipeline.Some(45 * time.Second)
	w.opt.Watched = func(name string) bool { return name != "B" }
	w.keys = w.keys[:1]
	w.reload(60)
	w.run(60, 100)
	w.wants(
		change{40, pipeline.Opened, pipeline.RuleSeen, "B", pipeline.ReasonSilent},
		change{60, pipeline.Closed, pipeline.RuleSeen, "B", pipeline.ReasonNotIncluded},
		change{60, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent}, // its newest answer says so
	)
}

func TestReloadKeepsWhatTheBoardCounts(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(10.5, 101)})
	w.run(0, 70)
	w.reload(70)
	w.run(70, 200)
	if l := w.link(key("A")); l.Violations != 1 || l.Blackout < secs(61) || l.Blackout > secs(75) {
		t.Errorf("%d violations, %s in the dark, want one, from 40 s to a little after 101 s", l.Violations, l.Blackout)
	}
	w.board.DropConnection("dr")
	if n := len(linksOn(w.board)) + len(w.board.Connections()); n != 0 {
		t.Errorf("%d links and connections left of one that was dropped", n)
	}
}

func TestRingGoesOnWhereAnotherStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 131)}, &mirror{key: key("B"), limit: secs(10), delay: secs(0.1)})
		r.pass(100)
		r.end()
		r.run(t, pipeline.NewWatch(time.Now(), r.opt, r.ring.State()))
		r.pass(200)
		r.end()
		changes := r.told()
		if len(changes) != 2 || changes[1].Kind != pipeline.Resolved || changes[1].Incident.ID != changes[0].Incident.ID {
			t.Errorf("%+v, want one incident, opened and resolved", changes)
		}
	})
}

// Of two incidents that are open on the same link both end when it is proven well again, and what comes next is told: under a hold too,
// and over reloads.
func TestTwoIncidentsOnOneLinkEndTogether(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: append(cut(10.5, 101), cut(195.5, 500)...)})
	w.opt.Holds = map[string]time.Duration{pipeline.RuleSeen: time.Minute}
	w.run(0, 110)
	kept := w.watch.State()
	older := kept.Incidents[0]
	older.ID, older.Opened = older.ID+"old", older.Opened.Add(-10*time.Minute)
	w.start(110, kept.Streams, append(kept.Incidents, older))
	w.run(110, 120)
	for from := 120.0; from < 160; from += 10 {
		w.reload(from)
		w.run(from, from+10)
	}
	w.run(160, 900)
	if len(w.changes) != 5 {
		t.Fatalf("%+v, want one opened, two resolved, one opened and resolved", w.changes)
	}
	first, second, again := w.changes[1], w.changes[2], w.changes[3]
	if first.Kind != pipeline.Resolved || second.Kind != pipeline.Resolved || first.At != second.At || first.Silent != second.Silent ||
		first.Incident.ID+"old" != second.Incident.ID {
		t.Errorf("ends are %+v and %+v", first, second)
	}
	if again.Kind != pipeline.Opened || again.Incident.Flaps > 3 {
		t.Errorf("then %s, %d times lately", again.Kind, again.Incident.Flaps)
	}
}
