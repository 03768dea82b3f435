package outbox_test

import (
	"errors"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestReloadKeepsWhatWaitsAndWhatWasTold(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(3 * time.Second)
		s.sinks["ops"].Delay(10 * time.Second)
		s.submit(step("a", pipeline.Updated, 2))
		pass(35 * time.Second) // an attempt is under way
		old, another := s.sinks["ops"], pipelinetest.NewSink()
		s.submit(opened("b"))
		pass(groupTime)
		s.how.Receivers[0].Notifier = another
		s.how.Receivers = append(s.how.Receivers, pipeline.Receiver{Name: "new", Notifier: pipelinetest.NewSink()})
		s.Reconfigure(s.how, agentRules())
		pass(time.Minute)
		equal(t, "the old one", s.told("ops", 0), "opened mw-a/1 (1/0)", "updated mw-a/2 (1/0)")
		s.sinks["ops"], s.sinks["new"] = another, s.how.Receivers[1].Notifier.(*pipelinetest.Sink)
		equal(t, "the new one", s.told("ops", 0), "opened mw-b/1 (2/0)")
		if n := another.Delivered()[0]; string(n.Receipt) != old.Delivered()[1].Key || n.Group != "mw-a" {
			t.Errorf("it does not go on where the old one was: %+v", n)
		}
		s.submit(step("a", pipeline.Resolved, 3))
		pass(time.Minute)
		equal(t, "the new receiver hears of what changes from now on", s.told("new", 0), "resolved mw-a/3 (0/1)")
	}, "ops")
}

func TestReceiverThatLeavesIsGivenUpOn(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.sinks["oncall"].Fail(errors.New("503"))
		s.submit(opened("a"))
		pass(3 * time.Second)
		s.submit(step("a", pipeline.Escalated, 2))
		pass(time.Millisecond) // not committed yet
		both := s.how
		s.how.Receivers = both.Receivers[:1]
		s.Reconfigure(s.how, agentRules())
		s.submit(step("a", pipeline.Updated, 3))
		pass(time.Minute)
		equal(t, "told", s.told("ops", 0), "opened mw-a/1 (1/0)", "escalated mw-a/2 + updated mw-a/3 (1/0)")
		if s := s.journal.State(); len(s.Outbox) != 0 || len(s.Groups) != 1 {
			t.Errorf("left: %+v", s)
		}
		given := 0
		for _, a := range s.journal.Attempts() {
			if a.Receiver == "oncall" && a.Outcome == pipeline.OutcomeGivenUp {
				given++
			}
		}
		if given != 2 {
			t.Errorf("%d batches given up on", given)
		}
		s.sinks["oncall"].Fail(nil)
		s.Reconfigure(both, agentRules())
		s.submit(step("a", pipeline.Resolved, 4))
		pass(time.Minute)
		equal(t, "told when it is back", s.told("oncall", 0), "resolved mw-a/4 (0/1)")
	}, "ops", "oncall")
}

// otherKind is a notifier of another kind than a sink.
type otherKind struct{ *pipelinetest.Sink }

func (o otherKind) Render(pipeline.Notification) ([]byte, error) { return []byte("another kind"), nil }

func TestReceiverThatBecomesAnotherKindIsToldInItsOwnWords(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.sinks["ops"].Fail(errors.New("503"))
		s.submit(opened("a"))
		pass(3 * time.Second)
		another := otherKind{pipelinetest.NewSink()}
		s.how.Receivers[0].Notifier = another
		s.Reconfigure(s.how, agentRules())
		pass(3 * time.Second)
		n, before := another.Delivered(), s.sinks["ops"].Attempts()
		if len(n) != 1 || string(n[0].Body) != "another kind" || n[0].Key != before[0].Notification.Key {
			t.Errorf("told: %+v", n)
		}
	}, "ops")
}

func TestReloadOfRoutesAndWindows(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(3 * time.Second)
		s.how.Routes = pipeline.Routes{{Name: "all", Receivers: []string{"oncall"}, GroupBy: []string{pipeline.LabelStream}}}
		s.how.Windows = []pipeline.Window{{
			Name: "day", To: 24*time.Hour - 1, Zone: time.UTC,
			Match: pipeline.Match{{Label: pipeline.LabelStream, Patterns: []string{"quiet"}}},
		}}
		s.Reconfigure(s.how, agentRules())
		s.submit(step("a", pipeline.Resolved, 2), opened("b"), opened("quiet"))
		pass(time.Minute)
		equal(t, "ops", s.told("ops", 0), "opened mw-a/1 (1/0)", "resolved mw-a/2 (0/1)")
		equal(t, "oncall", s.told("oncall", 1), "opened mw-b/1 (1/0)", "resolved mw-a/2 (0/1)")
		s.how.Windows = nil
		s.Reconfigure(s.how, agentRules())
		pass(time.Second)
		equal(t, "oncall", s.told("oncall", 3), "opened mw-quiet/1 (1/0)")
	}, "ops", "oncall")
}

func TestReconfigureBeforeRunAndAfterIt(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.end()
		s.Reconfigure(outbox.Dispatch{}, nil)
		s.open()
	}, "ops")
}
