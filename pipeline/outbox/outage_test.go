package outbox_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
)

func TestLongOutageOfAReceiverIsNoFloodBehindIt(t *testing.T) {
	withStage(t, onlyOps, func(s *stage) {
		s.sinks["ops"].Fail(errors.New("503"))
		const incidents = 1000
		for n := range incidents {
			s.submit(opened(fmt.Sprint("i", n)))
			pass(2 * time.Minute)
			s.submit(step(fmt.Sprint("i", n), pipeline.Resolved, 2))
			pass(time.Minute)
		}
		s.sinks["ops"].Fail(nil)
		pass(2 * time.Hour)
		told := map[string]int{}
		batches := s.told("ops", 0)
		for _, c := range s.sinks["ops"].Changes() {
			if c.Incident.Rule != pipeline.RuleDelivery {
				told[c.Key()]++
			}
		}
		if len(told) != 2*incidents {
			t.Errorf("%d changes arrived, want %d", len(told), 2*incidents)
		}
		// 50 hours: those that went ahead, one more each four hours, and behind each of them the end that waited for it.
		if len(batches) > 50 {
			t.Errorf("%d messages came at the end of the outage", len(batches))
		}
		t.Logf("%d messages", len(batches))
	}, "ops", "oncall")
}

func TestWhatNobodyTakesIsGivenUpOnInTheEnd(t *testing.T) {
	withStage(t, func(d *outbox.Dispatch) { onlyOps(d); d.KeepFor = time.Hour }, func(s *stage) {
		s.sinks["ops"].Fail(errors.New("no such host"))
		s.submit(opened("a"))
		pass(50 * time.Minute)
		if n := len(s.journal.State().Outbox); n != 1 {
			t.Errorf("%d rows before the time", n)
		}
		pass(20 * time.Minute)
		if left := s.journal.State().Outbox; len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
		attempts := s.journal.Attempts()
		var last pipeline.Attempt
		for _, a := range attempts {
			if a.Receiver == "ops" {
				last = a
			}
		}
		if last.Outcome != pipeline.OutcomeGivenUp {
			t.Errorf("last: %+v", last)
		}
	}, "ops", "oncall")
}
