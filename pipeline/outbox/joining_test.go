package outbox_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// steps are changes of one kind, of the incidents prefix0 to prefix(n-1).
func steps(prefix string, n int, kind pipeline.ChangeKind, number int) (all []pipeline.Change) {
	for i := range n {
		all = append(all, step(fmt.Sprint(prefix, i), kind, number))
	}
	return all
}

// sizes lists what a sink accepted: "500 opened", and whether it came with a receipt.
func sizes(sink *pipelinetest.Sink) (all []string) {
	for _, n := range sink.Delivered() {
		text := fmt.Sprintf("%d %s", len(n.Changes), n.Changes[0].Kind)
		if len(n.Receipt) > 0 {
			text += " into its message"
		}
		all = append(all, text)
	}
	return all
}

func TestManyIncidentsAreOneMessageAtEachStepOfTheirLives(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		for number, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Updated, pipeline.Reminded, pipeline.Resolved} {
			d.submit(steps("m", 500, kind, number+1)...)
			pass(time.Second)
		}
		equal(t, "told", sizes(sink), "500 opened", "500 updated", "500 reminded", "500 resolved")
		if s := journal.State(); len(s.Outbox)+len(s.Receipts) != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

func TestWaitingStepsOfManyIncidentsStayInOrderInTheirBatch(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(pipeline.RetryAfter(errors.New("429"), time.Minute))
		d.submit(opened("first"))
		pass(time.Second)
		sink.Fail(nil)
		for number, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Escalated, pipeline.Resolved} {
			d.submit(steps("m", 11, kind, number+1)...)
			pass(time.Second)
		}
		pass(2 * time.Minute)
		equal(t, "told", sizes(sink), "1 opened", "33 opened")
		newest := map[string]int{}
		for _, c := range sink.Changes() {
			if c.Incident.Changes != newest[c.Incident.ID]+1 {
				t.Errorf("%s after /%d", c.Key(), newest[c.Incident.ID])
			}
			newest[c.Incident.ID] = c.Incident.Changes
		}
	})
}

func TestIncidentsWithAMessageOfTheirOwnAreLeftOutOfABatchOfMany(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		d.submit(steps("own", 3, pipeline.Opened, 1)...)
		pass(time.Second)
		d.submit(steps("m", 11, pipeline.Opened, 1)...)
		pass(time.Second)
		d.submit(append(steps("m", 11, pipeline.Resolved, 2), steps("own", 3, pipeline.Resolved, 2)...)...)
		pass(time.Second)
		equal(t, "told", sizes(sink), "1 opened", "1 opened", "1 opened", "11 opened", "11 resolved",
			"1 resolved into its message", "1 resolved into its message", "1 resolved into its message")
		if s := journal.State(); len(s.Outbox)+len(s.Receipts) != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

func TestTooManyMessagesOfTheirOwnAreJoinedToo(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		for _, c := range steps("own", 25, pipeline.Opened, 1) {
			d.submit(c)
			pass(time.Second)
		}
		d.submit(steps("own", 24, pipeline.Resolved, 2)...)
		pass(time.Second)
		if got := sizes(sink); len(got) != 26 || got[25] != "24 resolved" {
			t.Errorf("told: %q", got)
		}
		if r := journal.State().Receipts; len(r) != 1 || r[0].Group != "mw-own24" {
			t.Errorf("receipts of those that last: %+v", r)
		}
	})
}

func TestCriticalOpeningGoesBeforeOthers(t *testing.T) {
	warning := func(c pipeline.Change) pipeline.Change {
		c.Incident.Level = pipeline.Warning
		return c
	}
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(pipeline.RetryAfter(errors.New("429"), time.Minute))
		d.submit(warning(opened("tried")))
		pass(time.Second)
		sink.Fail(nil)
		d.submit(warning(opened("slight")), step("reminded", pipeline.Reminded, 2), warning(opened("worse")))
		pass(time.Second)
		d.submit(opened("page"))
		pass(time.Second)
		d.submit(step("worse", pipeline.Escalated, 2), step("page", pipeline.Updated, 2))
		pass(2 * time.Minute)
		equal(t, "told", told(sink), "opened mw-worse/1 + escalated mw-worse/2", "opened mw-page/1 + updated mw-page/2",
			"opened mw-tried/1", "opened mw-slight/1", "reminded mw-reminded/2")
	})
}

func TestBatchOfManyWithACriticalOpeningGoesFirst(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		d.submit(opened("own"))
		pass(time.Second)
		sink.Fail(errors.New("503"))
		d.submit(step("own", pipeline.Updated, 2))
		pass(groupTime)
		sink.Fail(nil)
		d.submit(append(steps("m", 11, pipeline.Resolved, 2), opened("page"))...)
		pass(2 * time.Minute)
		equal(t, "told", sizes(sink), "1 opened", "12 resolved", "1 updated into its message")
	})
}
