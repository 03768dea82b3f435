package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

// logger has one more receiver, "log", which is told directly, of at most so many incidents together.
func logger(sink *pipelinetest.Sink, most int) func(*outbox.Dispatch) {
	return func(d *outbox.Dispatch) {
		d.Direct = []pipeline.Receiver{{Name: "log", Notifier: sink, Most: most}}
	}
}

// A storm that comes in many commits, one change each, is told in as many batches as there is time for, and not in one a change.
func TestWhatIsDueTogetherGoesToADirectReceiverInOneBatch(t *testing.T) {
	const n, most = 2000, 300
	sink := pipelinetest.NewSink()
	withStage(t, logger(sink, most), func(s *stage) {
		sink.Delay(time.Second)
		for number, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Updated, pipeline.Resolved} {
			for i := range n {
				s.submit(step(fmt.Sprint("m", i), kind, number+1))
				pass(6 * time.Millisecond) // each a commit
			}
		}
		pass(time.Minute)
		got := sink.Delivered()
		if len(got) > 60 { // in 36 s, and what was left
			t.Errorf("%d batches of %d changes", len(got), 3*n)
		}
		newest := map[string]int{}
		for _, one := range got {
			incidents := map[string]bool{}
			for _, c := range one.Changes {
				incidents[c.Incident.ID] = true
				if c.Incident.Changes != newest[c.Incident.ID]+1 {
					t.Fatalf("%s follows /%d", c.Key(), newest[c.Incident.ID])
				}
				newest[c.Incident.ID] = c.Incident.Changes
			}
			if len(incidents) > most {
				t.Errorf("a batch of %d incidents", len(incidents))
			}
			if one.Ended > len(incidents) {
				t.Errorf("ends are kept: %d", one.Ended)
			}
		}
		if len(newest) != n || newest["mw-m0"] != 3 || newest[fmt.Sprint("mw-m", n-1)] != 3 {
			t.Errorf("told of %d incidents", len(newest))
		}
		if left := s.journal.State(); len(left.Groups)+len(left.Outbox) != 0 {
			t.Errorf("%d groups, %d rows left", len(left.Groups), len(left.Outbox))
		}
	})
}

// A batch that fails or is refused stays as a whole, over a restart too; what comes after it goes ahead where it tells of others.
func TestABatchThatADirectReceiverRefusesStaysAsItIs(t *testing.T) {
	sink := pipelinetest.NewSink()
	withStage(t, logger(sink, 100), func(s *stage) {
		sink.Answer(func(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
			if len(n.Changes) > 1 {
				return nil, pipeline.Permanent(errors.New("400"))
			}
			return nil, nil
		})
		s.submit(opened("a"), opened("b"))
		pass(time.Second)
		s.restart()
		s.submit(step("a", pipeline.Updated, 2))
		s.submit(opened("c"))
		pass(time.Second)
		equal(t, "told", told(sink), "opened mw-c/1")
		sink.Answer(nil)
		pass(time.Minute)
		equal(t, "told", told(sink)[1:], "opened mw-a/1 + opened mw-b/1", "updated mw-a/2")
		if first := sink.Attempts()[0].Notification; first.Key != sink.Delivered()[1].Key || string(first.Body) != string(sink.Delivered()[1].Body) {
			t.Errorf("it was sent as another batch: %+v", sink.Delivered()[1])
		}
	})
}

// Incidents that were told each by itself go on, and new ones are told together.
func TestADirectReceiverBeginsToBeToldTogether(t *testing.T) {
	sink := pipelinetest.NewSink()
	withStage(t, logger(sink, 0), func(s *stage) {
		s.submit(opened("a"), opened("b"))
		pass(time.Second)
		equal(t, "told", told(sink), "opened mw-a/1", "opened mw-b/1")
		logger(sink, 10)(&s.how)
		s.restart()
		s.submit(step("a", pipeline.Resolved, 2), step("b", pipeline.Resolved, 2), opened("c"), opened("d"))
		pass(time.Second)
		after := told(sink)[2:]
		if len(after) != 2 || strings.Contains(after[0], "mw-c/1 + opened mw-d/1") == strings.Contains(after[1], "mw-c/1 + opened mw-d/1") {
			t.Errorf("told: %q", after)
		}
	})
}

// A receiver that routes name, then none, then some again loses no end of what it was told, over restarts too.
func TestAReceiverIsToldDirectlyForAWhile(t *testing.T) {
	sink := pipelinetest.NewSink()
	log := pipeline.Receiver{Name: "log", Notifier: sink, Most: 10}
	routed := func(d *outbox.Dispatch) { d.Receivers, d.Direct = []pipeline.Receiver{log}, nil }
	withStage(t, routed, func(s *stage) {
		turn := func(how func(*outbox.Dispatch)) {
			how(&s.how)
			s.Reconfigure(s.how, agentRules())
			pass(time.Second)
			s.restart()
		}
		s.submit(opened("a"), opened("b"))
		pass(time.Minute)
		turn(func(d *outbox.Dispatch) { d.Receivers, d.Direct = nil, []pipeline.Receiver{log} })
		s.submit(step("a", pipeline.Resolved, 2), opened("c"), opened("d"))
		pass(time.Second)
		if heard := strings.Join(told(sink)[1:], " + "); len(strings.Split(heard, " + ")) != 3 {
			t.Errorf("told at once: %s", heard)
		}
		turn(routed)
		s.submit(step("b", pipeline.Resolved, 2), step("c", pipeline.Resolved, 2))
		pass(time.Hour)
		turn(func(d *outbox.Dispatch) { d.Receivers, d.Direct = nil, []pipeline.Receiver{log} })
		s.submit(step("d", pipeline.Resolved, 2))
		pass(time.Minute)
		number := map[string]int{}
		for _, n := range sink.Delivered() {
			for _, c := range n.Changes {
				if c.Kind != pipeline.Reminded {
					number[c.Incident.ID]++
				}
			}
		}
		for _, id := range []string{"mw-a", "mw-b", "mw-c", "mw-d"} {
			if number[id] != 2 {
				t.Errorf("%s: %d changes are told, want 2", id, number[id])
			}
		}
		if left := s.journal.State(); len(left.Groups)+len(left.Outbox) != 0 {
			t.Errorf("left: %+v, %+v", left.Groups, left.Outbox)
		}
	})
}
