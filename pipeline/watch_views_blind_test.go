package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// The end of a blindness takes in views that wait for a stream of many links, and pages nobody about another one that shares an origin
// with it, is well, and fell due in the blindness.
func TestViewsThatWaitEndNoGrace(t *testing.T) {
	const mine, other = "O39", "O0"
	all := aggregateOf("ALL", 40)
	all.limit = 10 * time.Minute
	well := &mirror{key: key("T"), limit: 8 * time.Second, source: true, edit: func(_ time.Time, s *pipeline.Sample) {
		settings(s).Policy.LagCritical = pipeline.Some(uint64(10)) // an incident: what is seen of its origin is judged at once
		s.Links[0].Origin, s.Links[0].Lag = mine, 1000
	}}
	w := newWorld(t, all, well)
	seeing(w, func(string, *pipeline.OriginView) {})
	w.start(0, nil, nil)
	now, down := at(0), false
	var round uint64
	late := map[string]pipeline.Question{} // questions about origins that are answered later
	answer := func(q *pipeline.Question, asked time.Time) {
		v, _ := w.origin(*q.Origin, q.Exact, asked)
		v.At = now
		w.watch.ObserveOrigin(now, q.ID, &v)
	}
	look := func(id uint64, scope []pipeline.StreamKey) {
		for _, k := range scope {
			s, _ := w.mirrors[k].look(now)
			w.watch.Observe(now, id, &s)
		}
		w.watch.Done(now, id, nil)
	}
	walk := func(from, to float64) {
		for second := from; second < to; second += 0.05 {
			if now = at(second); now.Before(w.watch.Next()) {
				continue
			}
			for _, q := range w.watch.Turn(now) {
				switch {
				case q.Origin != nil && second > 49 && (q.Origin.Stream == mine || q.Origin.Stream == other):
					late[q.Origin.Stream] = q
				case q.Origin != nil:
					answer(&q, now)
				case down && q.Scope == nil:
					round = q.ID
				case down:
				case q.Scope == nil:
					look(q.ID, w.keys)
				default:
					look(q.ID, q.Scope)
				}
			}
		}
	}
	walk(0, 62)
	w.watch.Signal(now, pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: "gone"})
	down = true
	walk(62, 70.3)
	first, second := late[other], late[mine]
	if first.Origin == nil || second.Origin == nil || round == 0 {
		t.Fatal("no question is left that can be answered now")
	}
	answer(&first, at(61)) // taken in at once
	walk(70.3, 70.5)
	answer(&second, at(61)) // waits
	walk(70.5, 70.7)
	look(round, w.keys)
	down = false
	walk(70.7, 80)
	blind := 0
	for _, c := range w.watch.Drain(false).Changes {
		switch {
		case c.Incident.Rule == pipeline.RuleUnobserved:
			blind++
		case c.Incident.Rule != pipeline.RuleLag:
			t.Errorf("%s: %s %s on %s, which is well", since(c.At), c.Kind, c.Incident.Rule, c.Incident.Subject)
		}
	}
	if blind != 2 {
		t.Errorf("%d changes on the connection, want that it was blind and sees", blind)
	}
}
