package outbox_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
)

// steps are changes of one kind, of the incidents prefix0 to prefix(n-1).
func steps(prefix string, n int, kind pipeline.ChangeKind, number int) (all []pipeline.Change) {
	for i := range n {
		all = append(all, step(fmt.Sprint(prefix, i), kind, number))
	}
	return all
}

// most limits the batches of every receiver to n incidents.
func most(n int) func(*outbox.Dispatch) {
	return func(d *outbox.Dispatch) {
		for i := range d.Receivers {
			d.Receivers[i].Most = n
		}
	}
}

func TestSeveralBatchesFollowEachOtherWhereOneWouldBeTooLarge(t *testing.T) {
	withStage(t, most(2), func(s *stage) {
		s.submit(warned("a"), warned("b"), opened("c"), mild(step("a", pipeline.Updated, 2)), warned("d"))
		pass(3 * time.Second)
		equal(t, "told", s.told("ops", 0), "opened mw-a/1 + opened mw-c/1 + updated mw-a/2 (4/0)",
			"opened mw-b/1 + opened mw-d/1 (4/0)")
		n := s.sinks["ops"].Delivered()
		if n[0].Group != n[1].Group || string(n[1].Receipt) != n[0].Key {
			t.Errorf("they are not of one group: %+v", n)
		}
		if g := s.journal.State().Groups; len(g) != 1 || len(g[0].Open) != 4 || string(g[0].Receipt) != n[1].Key {
			t.Errorf("groups: %+v", g)
		}
	}, "ops")
}

func TestPageOvertakesBatchesThatFollowEachOther(t *testing.T) {
	withStage(t, most(1), func(s *stage) {
		s.sinks["ops"].Delay(time.Second)
		var many []pipeline.Change
		for _, c := range steps("m", 20, pipeline.Opened, 1) {
			many = append(many, mild(c))
		}
		s.submit(many...)
		pass(4 * time.Second)
		s.submit(opened("page"), mild(step("m15", pipeline.Resolved, 2)))
		pass(4 * time.Second)
		told := s.told("ops", 0)
		if last := told[len(told)-1]; last != "opened mw-page/1 (20/1)" && told[len(told)-2] != "opened mw-page/1 (20/1)" {
			t.Errorf("told: %q", told)
		}
		s.restart()
		pass(time.Minute)
		newest, keys := map[string]int{}, map[string]bool{}
		for _, n := range s.sinks["ops"].Delivered() {
			if keys[n.Key] || len(n.Changes) > 2 {
				t.Errorf("told again, or too much: %s", names(n.Changes))
			}
			keys[n.Key] = true
			for _, c := range n.Changes {
				newest[c.Incident.ID] = c.Incident.Changes
			}
		}
		if len(newest) != 21 || newest["mw-m15"] != 2 {
			t.Errorf("told of %d: %v", len(newest), newest)
		}
		if g := s.journal.State().Groups; len(g) != 1 || len(g[0].Open) != 20 {
			t.Errorf("groups: %+v", g)
		}
	}, "ops")
}

func TestSilenceThatBeginsWhileBatchesFollowEachOther(t *testing.T) {
	withStage(t, most(1), func(s *stage) {
		s.sinks["ops"].Delay(time.Second)
		s.submit(steps("m", 6, pipeline.Opened, 1)...)
		pass(4500 * time.Millisecond)
		s.silence("s1", "stream=m4,m5", time.Hour)
		pass(time.Minute)
		equal(t, "told", s.told("ops", 0), "opened mw-m0/1 (6/0)", "opened mw-m1/1 (6/0)", "opened mw-m2/1 (6/0)", "opened mw-m3/1 (4/0)")
		pass(time.Hour)
		equal(t, "told", s.told("ops", 4), "opened mw-m4/1 (6/0)", "opened mw-m5/1 (6/0)")
	}, "ops")
}

func TestRefusedBatchHoldsOnlyItsOwnIncidentsBack(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.sinks["ops"].Fail(pipeline.Permanent(errors.New("400")))
		s.submit(opened("bad"))
		pass(3 * time.Second)
		s.sinks["ops"].Fail(nil)
		s.submit(step("bad", pipeline.Updated, 2), warned("good"))
		pass(40 * time.Second)
		equal(t, "told", s.told("ops", 0), "opened mw-bad/1 (1/0)", "updated mw-bad/2 + opened mw-good/1 (2/0)")
	}, "ops")
	withStage(t, nil, func(s *stage) {
		s.sinks["ops"].Fail(pipeline.Permanent(errors.New("400")))
		s.submit(opened("bad"))
		pass(2*time.Minute + 30*time.Second) // refused three times; the next try is minutes away
		s.sinks["ops"].Fail(nil)
		s.submit(step("bad", pipeline.Updated, 2), opened("good"))
		pass(3 * time.Second)
		equal(t, "told", s.told("ops", 0), "opened mw-good/1 (2/0)")
		pass(10 * time.Minute)
		equal(t, "told", s.told("ops", 1), "opened mw-bad/1 (2/0)", "updated mw-bad/2 (2/0)")
	}, "ops")
}
