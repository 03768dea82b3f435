package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// from changes the samples of a mirror from a second on.
func from(second float64, edit func(s *pipeline.Sample)) func(time.Time, *pipeline.Sample) {
	return func(t time.Time, s *pipeline.Sample) {
		if !t.Before(at(second)) {
			edit(s)
		}
	}
}

func TestEndsAreToldOnceWithTheirReason(t *testing.T) {
	promote := func(s *pipeline.Sample) { s.Links = nil }
	disable := func(s *pipeline.Sample) { settings(s).Policy.Disabled = true }
	deleted := []faulty{{cut(61, 9999)[0], pipeline.FaultNotFound}}
	dead := cut(10.5, 9999)
	opened := change{40, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent}
	const isPromoted = "promoted: it is a mirror no longer"
	for name, c := range map[string]struct {
		mirror mirror
		want   []change
	}{
		"promoted":               {mirror{edit: from(61, promote)}, []change{{66.375, pipeline.Closed, pipeline.RuleSeen, "A", isPromoted}}},
		"promoted while dead":    {mirror{cut: dead, edit: from(61, promote)}, []change{opened, {66.375, pipeline.Closed, pipeline.RuleSeen, "A", isPromoted}}},
		"disabled":               {mirror{edit: from(61, disable)}, []change{{66.375, pipeline.Closed, pipeline.RuleSeen, "A", "disabled by metadata"}}},
		"disabled while dead":    {mirror{cut: dead, edit: from(61, disable)}, []change{opened, {66.375, pipeline.Closed, pipeline.RuleSeen, "A", "disabled by metadata"}}},
		"deleted":                {mirror{fault: deleted}, []change{{68.375, pipeline.Closed, pipeline.RuleSeen, "A", "deleted"}}},
		"deleted while dead":     {mirror{cut: dead, fault: deleted}, []change{opened, {68.375, pipeline.Closed, pipeline.RuleSeen, "A", "deleted"}}},
		"sources removed":        {mirror{source: true, edit: from(61, promote)}, []change{{66.375, pipeline.Closed, pipeline.RuleSeen, "A", "its sources were removed"}}},
		"limit removed":          {mirror{limits: []limited{{at(61), 0}}}, []change{{66.375, pipeline.Closed, pipeline.RuleSeen, "A", "limit removed"}}},
		"a 404 that is not said": {mirror{fault: []faulty{{cut(64, 66)[0], pipeline.FaultNotFound}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.mirror.key, c.mirror.limit = key("A"), secs(30)
			w := newWorld(t, &c.mirror, &mirror{key: key("B")})
			w.run(0, 200)
			w.wants(c.want...)
		})
	}
}

func TestOneSourceOfSeveralRemoved(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(30), source: true}
	a.edit = func(now time.Time, s *pipeline.Sample) {
		if now.Before(at(61)) {
			second := s.Links[0]
			second.Origin = "P"
			s.Links = append(s.Links, second)
		}
	}
	w := newWorld(t, a)
	w.run(0, 100)
	w.wants(change{66.375, pipeline.Closed, pipeline.RuleSeen, "A", "the source was removed"})
	if origin := w.changes[0].Incident.Subject.Origin; origin != "P" {
		t.Errorf("closed the source %s, want P", origin)
	}
	if links := linksOn(w.board); len(links) != 1 || links[0].Subject.Origin != "O" {
		t.Errorf("on the board: %+v, want O", links)
	}
}

func TestAbsenceFromAListingClosesNothing(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30)}, &mirror{key: key("B"), limit: secs(30)})
	w.run(0, 60)
	w.keys = w.keys[1:]
	w.watch.Drain(true)
	w.run(60, 300)
	w.wants()
	if proof := w.link(key("A")).Proof; at(300).Sub(proof) > secs(12) {
		t.Errorf("A was last proven at %s: it is asked about by itself", since(proof))
	}
}

func TestStreamThatWasNeverSeenIsToldAndResolves(t *testing.T) {
	missing := []faulty{{cut(0, 400)[0], pipeline.FaultMissing}}
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), fault: missing}, &mirror{key: key("B")})
	w.run(0, 450)
	w.wants(
		change{300, pipeline.Opened, pipeline.RuleSeenDefault, "A", pipeline.ReasonNeverSeen},
		change{402.75, pipeline.Resolved, pipeline.RuleSeenDefault, "A", pipeline.ReasonNeverSeen},
	)
}

func TestStreamTakenOutByConfigurationIsClosedAtStart(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(10.5, 999)}, &mirror{key: key("B"), limit: secs(30)})
	w.run(0, 60)
	records := w.watch.State().Streams
	incidents := w.watch.Incidents()
	w.opt.Watched = func(name string) bool { return name != "A" }
	w.keys = w.keys[1:]
	w.start(60, records, incidents)
	w.run(60, 120)
	w.wants(
		change{40, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
		change{60, pipeline.Closed, pipeline.RuleSeen, "A", "no longer included"},
	)
}

func TestRestartPagesNobodyWhoseMirrorIsWell(t *testing.T) {
	for _, down := range []float64{0, 20, 120, 7200} {
		w := newWorld(t, &mirror{key: key("A"), limit: secs(30)}, &mirror{key: key("B"), limit: secs(10), delay: secs(0.2)}, &mirror{key: key("C")})
		w.run(0, 60)
		records := w.watch.State().Streams
		w.start(60+down, records, w.watch.Incidents())
		w.run(60+down, 200+down)
		w.wants()
	}
}

func TestRestartKeepsAnIncidentUnderItsID(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(10.5, 201)})
	w.run(0, 60)
	records := w.watch.State().Streams
	w.start(100, records, w.watch.Incidents())
	w.run(100, 300)
	w.wants(
		change{40, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
		change{204.75, pipeline.Resolved, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
	)
	if first, last := w.changes[0].Incident, w.changes[len(w.changes)-1].Incident; first.ID != last.ID || last.Changes != len(w.changes) {
		t.Errorf("opened as %s, resolved as %s/%d after %d changes", first.ID, last.ID, last.Changes, len(w.changes))
	}
}
