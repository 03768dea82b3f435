package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

// Ten thousand links are in doubt after a blip, and fall due at one time: the looks that their deadlines ask for go before
// those that only clear a doubt.
func TestABlipOfManyLinksPagesNobody(t *testing.T) {
	t.Parallel()
	all := many(10_000/shrunk, 30)
	for _, m := range all {
		m.cut = cut(100.5, 104)
	}
	w := newWorld(t, all...)
	w.opt.LooksPerSecond /= shrunk
	w.run(0, 160)
	for _, c := range w.changes {
		if c.Incident.Rule == pipeline.RuleSeen {
			t.Fatalf("%s: %s on %s", since(c.At), c.Kind, c.Incident.Subject)
		}
	}
}

// Servers before 2.15 do not tell how far a source was copied. The stream's growth may be another source's.
func TestAnotherSourcesDataResolvesNoLag(t *testing.T) {
	w := pipeline.NewWatch(at(0), pipeline.WatchOptions{
		Connection: "dr", Rules: []pipeline.Rule{rules.Lag{}}, Interval: 5 * time.Second, LooksPerSecond: 500,
	}, pipeline.State{})
	w.Turn(at(0))
	var told []string
	look := func(second float64, leader string, active time.Duration, lag, last uint64) {
		s := pipeline.Sample{Key: key("ALL"), Asked: at(second), At: at(second), ServerTime: at(second), Created: epoch, Leader: leader}
		s.State = pipeline.StreamState{FirstSeq: 1, LastSeq: last, Messages: last}
		settings(&s).Policy.LagCritical = pipeline.Some(uint64(50))
		s.Links = []pipeline.LinkSample{
			{Kind: pipeline.KindSource, Origin: "A", Reported: true, Active: active, Lag: lag},
			{Kind: pipeline.KindSource, Origin: "B", Reported: true, Active: 100 * time.Millisecond},
		}
		w.Observe(at(second), 0, &s)
		for _, c := range w.Drain(false).Changes {
			told = append(told, string(c.Kind)+" "+c.Incident.Subject.Origin)
		}
	}
	look(0, "L1", 0, 0, 10)
	look(5, "L1", 0, 0, 20)
	look(10, "L1", 0, 100, 30)
	look(15, "L1", 5*time.Second, 100, 40) // A is cut
	for n := range uint64(3) {             // the new leader tells no lag of A, and copies B
		look(20+5*float64(n), "L2", -1, 0, 50+10*n)
	}
	if fmt.Sprint(told) != "[opened A]" {
		t.Errorf("told %v, want A opened and nothing else", told)
	}
}

// Nobody looked for an hour: what the origin took in and removed meanwhile is no stall.
func TestAGapInLooksIsNoStall(t *testing.T) {
	f := newPair(pipeline.KindMirror).look(0, 100).seeWith(1, 100, 0).looks(2, 9, 100)
	f.look(3700, 100).seeWith(3701, 120, 20).looks(3702, 3730, 100)
	if stall := f.p.Stall(); stall.Kind != pipeline.StallNone {
		t.Errorf("%+v, want none", stall)
	}
}

// Two connections that see the origin take turns: what each told before is compared with what it tells now.
func TestARecreationIsSeenThoughPathsTakeTurns(t *testing.T) {
	f := newPair(pipeline.KindMirror).look(0, 10).askedBy("east").see(1, 1, 10).look(2, 10)
	f.recreate(5).askedBy("west").see(10, 1, 30).askedBy("east").see(20, 1, 30).see(30, 1, 30)
	if got := f.p.Divergence().Kind; got != pipeline.Recreated {
		t.Errorf("%q, want %q", got, pipeline.Recreated)
	}
}

// An application that changes its own streams all the time asks for no rounds.
func TestAdvisoriesOfStreamsWithoutLinksBringNoRounds(t *testing.T) {
	w := pipeline.NewWatch(at(0), pipeline.WatchOptions{Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 500}, pipeline.State{})
	m, rounds := &mirror{key: key("M"), limit: time.Minute}, 0
	for second := 0.0; second < 60; second += 0.1 {
		w.Signal(at(second), pipeline.Signal{
			Kind: pipeline.SignalAdvisory, Key: key("PLAIN"), Advisory: pipeline.Advisory{At: at(second), Kind: pipeline.AdvisoryUpdated},
		})
		for _, q := range w.Turn(at(second)) {
			if q.Scope != nil {
				continue
			}
			rounds++
			sample, _ := m.look(at(second))
			w.Observe(at(second), q.ID, &sample)
			w.Observe(at(second), q.ID, &pipeline.Sample{
				Key: key("PLAIN"), Created: epoch, Leader: "A", Asked: at(second), At: at(second), ServerTime: at(second),
			})
			w.Done(at(second), q.ID, nil)
		}
	}
	if rounds > 15 {
		t.Errorf("%d rounds in a minute, want one each 5 s", rounds)
	}
}
