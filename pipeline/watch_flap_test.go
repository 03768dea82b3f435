package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// comesAndGoes is a mirror that is cut for 15 s of each minute, from a second on.
func comesAndGoes(name string, from float64, times int) *mirror {
	m := &mirror{key: key(name), limit: secs(8)}
	for n := range times {
		begin := from + 60*float64(n)
		m.cut = append(m.cut, span{at(begin + 0.5), at(begin + 16)})
	}
	return m
}

func TestLinkThatComesAndGoesIsToldFourTimesAndHeldOpen(t *testing.T) {
	w := newWorld(t, comesAndGoes("A", 60, 20), &mirror{key: key("B"), limit: secs(8)})
	told := 0
	w.watching = func(now time.Time) {
		for ; told < len(w.changes); told++ {
			w.board.PutIncident(w.changes[told].Incident)
		}
		if now.Before(at(249)) || now.After(at(60*20+600)) {
			return
		}
		if all := w.board.Incidents(); len(all) != 1 || all[0].Flaps < 4 {
			t.Fatalf("at %s: %+v on the board, want one that flaps", since(now), all)
		}
	}
	w.run(0, 2400)
	var kinds []pipeline.ChangeKind
	for _, c := range w.changes {
		kinds = append(kinds, c.Kind)
	}
	if len(kinds) != 8 || kinds[6] != pipeline.Opened || kinds[7] != pipeline.Resolved {
		t.Fatalf("%v, want three incidents, and a fourth that ends once", kinds)
	}
	opened, resolved := w.changes[6], w.changes[7]
	if opened.Incident.Flaps != 4 || opened.At.After(at(250)) {
		t.Errorf("opened at %s with %d flaps, want 4", since(opened.At), opened.Incident.Flaps)
	}
	// The last cut ends at 60*20 + 16 s; the looks that prove it, and 10 min.
	if resolved.At.Before(at(1216+600)) || resolved.At.After(at(1216+600+12)) || resolved.Incident.Flaps != 20 {
		t.Errorf("resolved at %s with %d flaps, want 10 min after 20m16s, 20 flaps", since(resolved.At), resolved.Incident.Flaps)
	}
	if least, most := secs(17*15), secs(17*25); resolved.Silent < least || resolved.Silent > most {
		t.Errorf("silent for %s, want 17 times 15 s and what a look may miss", resolved.Silent)
	}
	if l := w.link(key("A")); l.Dark || l.Blackout > secs(20*25) {
		t.Errorf("on the board dark for %s (still: %t)", l.Blackout, l.Dark)
	}
}

// swinging finds one cause while a link is silent, and another once its origin may be heard again.
type swinging struct{}

func (swinging) Diagnose(now time.Time, _ *pipeline.View, _ *pipeline.Incident, _ []pipeline.Trunk) pipeline.Diagnosis {
	if now.Sub(epoch)%time.Minute < 12*time.Second {
		return pipeline.Diagnosis{Cause: pipeline.CauseLinkDown, Sure: pipeline.Likely}
	}
	return pipeline.Diagnosis{Cause: pipeline.CauseSelfHealing, Sure: pipeline.Likely}
}

func TestCauseThatSwingsWithAFlappingLinkIsNotToldAgainAndAgain(t *testing.T) {
	w := newWorld(t, comesAndGoes("A", 60, 20))
	w.opt.Diagnoser = swinging{}
	w.run(0, 2400)
	after := 0
	for _, c := range w.changes {
		if c.Incident.Flaps > 0 && c.Kind == pipeline.Updated {
			after++
		}
	}
	if after > 1 { // the first cause may come later than the incident
		t.Errorf("%d changes of cause while it flapped, in %d changes", after, len(w.changes))
	}
}

func TestFlappingThatGoesDownForGoodIsTold(t *testing.T) {
	a := comesAndGoes("A", 60, 5)
	a.cut = append(a.cut, span{at(400.5), at(1301)})
	w := newWorld(t, a)
	w.run(0, 1400)
	var last []change
	for _, c := range w.changes[6:] {
		last = append(last, change{c.At.Sub(epoch).Seconds(), c.Kind, c.Incident.Rule, c.Incident.Subject.Stream, c.Incident.Detail})
	}
	if len(last) != 3 || last[0].reason != "comes and goes: 4 times in 30 min" ||
		last[1] != (change{1008, pipeline.Reminded, pipeline.RuleSeen, "A", ""}) || last[2].kind != pipeline.Resolved || last[2].at > 1312 {
		t.Errorf("%v, want it opened as flapping, told again at 1008 s: 10 min after its limit passed, and resolved at once", last)
	}
}

func TestFlappingGoesOnOverARestart(t *testing.T) {
	w := newWorld(t, comesAndGoes("A", 60, 20))
	w.run(0, 235) // three incidents
	w.reload(240)
	w.run(240, 600)
	w.reload(610)
	w.run(610, 2400)
	if len(w.changes) != 8 || w.changes[6].Incident.Flaps != 4 || w.changes[7].Incident.Flaps < 19 { // it came while nobody looked
		t.Errorf("%d changes, want 8, the last with 4 and 19 flaps", len(w.changes))
	}
}

func TestConnectionThatComesAndGoesIsToldFourTimes(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(8), source: true}
	for n := range 10 {
		begin := 60 + 60*float64(n)
		a.frozen = append(a.frozen, span{at(begin), at(begin + 20)})
	}
	w := newWorld(t, a)
	w.run(0, 1400)
	var flaps int
	for _, c := range w.changes {
		if c.Incident.Rule != pipeline.RuleUnobserved {
			t.Errorf("%s of %s", c.Kind, c.Incident.Rule)
		}
		flaps = c.Incident.Flaps
	}
	if len(w.changes) != 8 || flaps != 10 {
		t.Errorf("%d changes, %d flaps in the last, want 8 and 10", len(w.changes), flaps)
	}
}
