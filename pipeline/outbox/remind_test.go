package outbox_test

import (
	"errors"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestCriticalGroupIsToldAgain(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"), warned("b"), opened("c"), opened("d"))
		pass(3*time.Hour + 59*time.Minute)
		s.silence("s1", "stream=c", 3*time.Hour)
		s.submit(mild(step("d", pipeline.Eased, 2)))
		pass(time.Minute + 3*time.Second)
		equal(t, "told", s.told("ops", 1), "eased mw-d/2 (4/0)", "reminded mw-a/1 (4/0)")
		keys := map[string]bool{}
		for _, n := range s.sinks["ops"].Delivered() {
			keys[n.Key] = true
		}
		s.restart()
		pass(4 * time.Hour)
		equal(t, "told", s.told("ops", 3), "reminded mw-a/1 + reminded mw-c/1 (4/0)")
		if n := s.sinks["ops"].Delivered()[3]; keys[n.Key] {
			t.Errorf("an old key: %s", n.Key)
		}
		if c := s.journal.Changes(); len(c) != 5 {
			t.Errorf("%d changes in the audit", len(c))
		}
		s.submit(step("a", pipeline.Resolved, 2), step("c", pipeline.Resolved, 2))
		pass(9 * time.Hour)
		equal(t, "told", s.told("ops", 4), "resolved mw-a/2 + resolved mw-c/2 (2/2)")
	}, "ops")
}

func TestSilencedGroupIsRemindedOfWhenTheSilenceEnds(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(time.Hour)
		s.silence("s1", "stream=*", 5*time.Hour)
		pass(5*time.Hour - time.Second)
		equal(t, "told", s.told("ops", 1))
		pass(2 * time.Second)
		equal(t, "told", s.told("ops", 1), "reminded mw-a/1 (1/0)")
	}, "ops")
}

func TestWhatWasToldLateIsRemindedOfALongTimeAfter(t *testing.T) {
	for name, failure := range map[string]error{"the receiver fails": errors.New("503"), "it is broken": errBroken()} {
		t.Run(name, func(t *testing.T) {
			withStage(t, nil, func(s *stage) {
				s.sinks["ops"].Fail(failure)
				s.submit(opened("a"))
				pass(10 * time.Hour)
				s.sinks["ops"].Fail(nil)
				pass(3*time.Hour + 50*time.Minute)
				equal(t, "told", s.told("ops", 0), "opened mw-a/1 (1/0)")
				pass(20 * time.Minute)
				equal(t, "told", s.told("ops", 1), "reminded mw-a/1 (1/0)")
			}, "ops")
		})
	}
}

func TestWhoHearsOfAnIncidentByAReminderHearsOfItsEnd(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(3 * time.Second)
		s.sinks["new"] = pipelinetest.NewSink()
		s.how.Receivers = append(s.how.Receivers, pipeline.Receiver{Name: "new", Notifier: s.sinks["new"]})
		s.Reconfigure(s.how, agentRules())
		s.submit(step("a", pipeline.Reminded, 2)) // it flaps no more, and stays
		pass(time.Minute)
		s.silence("s1", "stream=a", time.Hour)
		s.submit(step("a", pipeline.Resolved, 3))
		pass(time.Minute)
		equal(t, "told", s.told("new", 0), "reminded mw-a/2 (1/0)", "resolved mw-a/3 (0/1)")
	}, "ops")
}
