package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
)

func errBroken() error { return pipeline.Broken(pipeline.Permanent(errors.New("401"))) }

// onlyOps routes to ops, with oncall as the fallback.
func onlyOps(d *outbox.Dispatch) {
	d.Routes = pipeline.Routes{{Receivers: []string{"ops"}}}
	d.Fallback = "oncall"
}

func TestBrokenReceiverKeepsItsBatchesAndOthersHearOfIt(t *testing.T) {
	withStage(t, onlyOps, func(s *stage) {
		s.sinks["ops"].Fail(errBroken())
		s.submit(opened("a"))
		pass(6 * time.Second)
		if st := s.outbox.Stats()[0]; st.Broken.IsZero() || st.Pending != 1 || st.Error != "401" {
			t.Errorf("stats: %+v", st)
		}
		equal(t, "overdue", s.Overdue(time.Now()), "ops")
		heard := s.sinks["oncall"].Changes()
		if len(heard) != 1 || heard[0].Incident.Rule != pipeline.RuleDelivery || heard[0].Incident.Subject.Receiver != "ops" ||
			heard[0].Incident.Reason != pipeline.ReasonBroken {
			t.Fatalf("the fallback heard %+v", heard)
		}
		pass(20 * time.Minute)
		a := s.sinks["ops"].Attempts()
		var waits []string
		for n := 1; n < len(a); n++ {
			waits = append(waits, a[n].At.Sub(a[n-1].At).String())
		}
		if got := strings.Join(waits, " "); got != "1m0s 2m0s 4m0s 5m0s 5m0s" {
			t.Errorf("tried after %s", got)
		}
		s.sinks["ops"].Delay(10 * time.Millisecond)
		s.Reconfigure(s.how, agentRules())
		pass(3 * time.Second)
		equal(t, "told at once after a reload", s.told("ops", 0), "opened mw-a/1 (1/0)")
		if st := s.outbox.Stats()[0]; !st.Broken.IsZero() || st.Pending != 0 {
			t.Errorf("stats: %+v", st)
		}
		pass(time.Minute)
		if heard := s.sinks["oncall"].Changes(); len(heard) != 2 || heard[1].Kind != pipeline.Resolved {
			t.Errorf("the fallback heard %+v", heard)
		}
	}, "ops", "oncall")
}

func TestBrokenReceiverIsGivenUpOnAfterAWhile(t *testing.T) {
	withStage(t, func(d *outbox.Dispatch) { onlyOps(d); d.KeepFor = time.Hour }, func(s *stage) {
		s.sinks["ops"].Fail(errBroken())
		s.submit(opened("a"))
		pass(30 * time.Minute)
		s.submit(step("a", pipeline.Updated, 2), opened("b"))
		pass(36 * time.Minute)
		if s.journal.State().Outbox[0].Changes[0].Key() != "mw-a/2" {
			t.Errorf("left: %+v", s.journal.State().Outbox)
		}
		pass(time.Hour)
		if left := s.journal.State().Outbox; len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
		var given []string
		for _, a := range s.journal.Attempts() {
			if a.Outcome == pipeline.OutcomeGivenUp {
				given = append(given, fmt.Sprintf("%s %s %s", a.Receiver, strings.Join(a.Changes, " "), a.Error))
			}
		}
		equal(t, "given up", given, "ops mw-a/1 401", "ops mw-a/2 mw-b/1 401")
		s.sinks["ops"].Fail(nil)
		s.submit(step("a", pipeline.Resolved, 3), step("b", pipeline.Resolved, 2))
		pass(10 * time.Minute)
		equal(t, "told", s.told("ops", 0), "resolved mw-a/3 + resolved mw-b/2 (0/2)")
	}, "ops", "oncall")
}

func TestReceiverThatCannotBeReachedIsOverdue(t *testing.T) {
	withStage(t, onlyOps, func(s *stage) {
		s.sinks["ops"].Fail(errors.New("connection refused"))
		s.submit(opened("a"))
		pass(4*time.Minute + 50*time.Second)
		equal(t, "overdue too soon", s.Overdue(time.Now()))
		equal(t, "told too soon", s.told("oncall", 0))
		pass(20 * time.Second)
		equal(t, "overdue", s.Overdue(time.Now()), "ops")
		heard := s.sinks["oncall"].Changes()
		if len(heard) != 1 || heard[0].Incident.Reason != pipeline.ReasonUndelivered {
			t.Errorf("the fallback heard %+v", heard)
		}
		delete(s.sinks, "ops")
		s.how.Receivers = s.how.Receivers[1:]
		s.Reconfigure(s.how, agentRules())
		pass(3 * time.Second)
		if heard := s.sinks["oncall"].Changes(); len(heard) != 2 || heard[1].Kind != pipeline.Closed || heard[1].Incident.Reason != pipeline.ReasonNoReceiver {
			t.Errorf("the fallback heard %+v", heard)
		}
	}, "ops", "oncall")
}

func TestConfigurationThatIsRefusedIsToldUntilOneIsLoaded(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.ConfigRefused(time.Now(), "line 3: no such key")
		pass(3 * time.Second)
		s.ConfigRefused(time.Now(), "line 4: no such key")
		pass(time.Minute)
		s.ConfigLoaded(time.Now(), "routes changed")
		pass(time.Minute)
		heard := s.sinks["ops"].Changes()
		if len(heard) != 2 || heard[0].Incident.Rule != pipeline.RuleConfig || heard[1].Kind != pipeline.Resolved {
			t.Errorf("heard %+v", heard)
		}
		equal(t, "audit", s.events(pipeline.EventReloadRefused, pipeline.EventReloaded), "reload refused", "reload refused", "reloaded")
	}, "ops")
}

func TestFreshPageIsNotGivenUpOnWithOldOnes(t *testing.T) {
	withStage(t, func(d *outbox.Dispatch) { onlyOps(d); d.KeepFor = time.Hour }, func(s *stage) {
		s.sinks["ops"].Fail(errBroken())
		s.submit(opened("first"))
		pass(5 * time.Minute)
		s.submit(opened("old"))
		pass(55*time.Minute + 10*time.Second) // the first one is given up on, and what waits is merged
		s.submit(opened("fresh"))
		pass(20 * time.Minute)
		s.sinks["ops"].Fail(nil)
		pass(10 * time.Minute)
		if told := strings.Join(s.told("ops", 0), " "); !strings.Contains(told, "opened mw-fresh/1") {
			t.Errorf("a page of 20 min ago is lost: told %q", told)
		}
	}, "ops", "oncall")
}
