package outbox_test

import (
	"errors"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

func TestPageThatWaitsForOthersGoesAtShutdown(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(groupTime)
		s.restart()
		equal(t, "told", s.told("ops", 0), "opened mw-a/1 (1/0)")
		s.submit(warned("b"))
		pass(groupTime)
		s.restart()
		equal(t, "told within the group's interval", s.told("ops", 1))
		pass(time.Minute)
		equal(t, "told", s.told("ops", 1), "opened mw-b/1 (2/0)")
	}, "ops")
}

func TestKillWhileBatchesFollowEachOther(t *testing.T) {
	withStage(t, most(1), func(s *stage) {
		s.sinks["ops"].Delay(time.Second)
		s.submit(opened("a"), opened("b"), opened("c"))
		pass(4500 * time.Millisecond)
		equal(t, "told before the kill", s.told("ops", 0), "opened mw-a/1 (3/0)", "opened mw-b/1 (3/0)")
		killed := s.journal.Copy()
		s.end()
		s.journal = killed
		s.sinks["ops"].Answer(nil)
		s.how.Routes = pipeline.Routes{{Name: "other", Receivers: []string{"oncall"}}}
		s.open()
		pass(time.Minute)
		s.submit(step("a", pipeline.Resolved, 2), step("b", pipeline.Resolved, 2), step("c", pipeline.Resolved, 2))
		pass(5 * time.Minute)
		told := s.told("ops", 3)
		equal(t, "told after it", told, "opened mw-c/1", "resolved mw-a/2 (0/3)", "resolved mw-b/2 (0/3)", "resolved mw-c/2 (0/3)")
		if left := s.journal.State(); len(left.Groups)+len(left.Outbox) != 0 {
			t.Errorf("left: %+v", left)
		}
	}, "ops", "oncall")
}

func TestGroupGoesOnAfterAKillInItsLastBatch(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"), opened("b"))
		pass(3 * time.Second)
		first := s.sinks["ops"].Delivered()[0]
		s.sinks["ops"].Fail(errors.New("503"))
		s.submit(step("a", pipeline.Resolved, 2), step("b", pipeline.Resolved, 2))
		pass(time.Minute)
		killed := s.journal.Copy()
		s.end()
		s.journal = killed
		s.sinks["ops"].Fail(nil)
		s.open()
		pass(5 * time.Minute)
		n := s.sinks["ops"].Delivered()
		if len(n) != 2 || string(n[1].Receipt) != first.Key || n[1].Group != first.Group || n[1].Members != nil || n[1].Body == nil {
			t.Errorf("told: %+v", n)
		}
		if left := s.journal.State(); len(left.Groups)+len(left.Outbox) != 0 {
			t.Errorf("left: %+v", left)
		}
	}, "ops")
}

func TestWholeLifeInOneBatchStaysOverAfterAKill(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("lasts"))
		pass(3 * time.Second)
		s.sinks["ops"].Fail(errors.New("503"))
		s.submit(opened("a"), step("a", pipeline.Resolved, 2))
		pass(time.Minute)
		killed := s.journal.Copy()
		s.end()
		s.journal = killed
		s.sinks["ops"].Fail(nil)
		s.open()
		pass(5 * time.Minute)
		equal(t, "told", s.told("ops", 1), "opened mw-a/1 + resolved mw-a/2")
		if g := s.journal.State().Groups; len(g) != 1 || len(g[0].Open) != 1 || g[0].Ended != 1 {
			t.Errorf("groups: %+v", g)
		}
	}, "ops")
}

// Rows of a version that knew no routes: one of a single incident, one of many under a key of its own, one that was attempted.
func TestRowsOfAnEarlierVersionAreDelivered(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.end()
		row := func(key, group string, attempts int, changes ...pipeline.Change) pipeline.Batch {
			b := pipeline.Batch{
				BatchID: pipeline.BatchID{Receiver: "ops", Key: key}, Order: uint64(key[0]), Group: group, Changes: changes, Made: time.Now(), Attempts: attempts,
			}
			if attempts > 0 {
				b.Body = []byte("as it was")
			}
			return b
		}
		a, b, c, d := opened("a"), opened("b"), opened("c"), opened("d")
		err := s.journal.Commit(pipeline.Commit{
			Changes: []pipeline.Change{a, b, c, d},
			Batches: []pipeline.Batch{row("1", "mw-a", 0, a), row("2", "2", 0, b, c), row("3", "mw-d", 2, d)},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.open()
		pass(time.Minute)
		s.submit(step("b", pipeline.Resolved, 2))
		pass(time.Minute)
		equal(t, "told", s.told("ops", 0), "opened mw-d/1", "opened mw-a/1 (1/0)", "opened mw-b/1 + opened mw-c/1 (2/0)", "resolved mw-b/2 (1/1)")
		if n := s.sinks["ops"].Delivered()[0]; n.Key != "3" || string(n.Body) != "as it was" {
			t.Errorf("the attempted one: %+v", n)
		}
	}, "ops")
}
