package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// withDesk runs f in virtual time with one receiver, "ops".
func withDesk(t *testing.T, f func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		d := openDesk(t, journal, map[string]*pipelinetest.Sink{"ops": sink})
		f(t, d, journal, sink)
		if err := d.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// pass lets virtual time go by, and what falls due in it be done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestFailedDeliveryIsTriedAgainEverSlowerUnderItsKey(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(errors.New("503"))
		d.submit(opened("a"))
		pass(time.Hour)
		attempts := sink.Attempts()
		for i := 1; i < len(attempts); i++ {
			if attempts[i].Notification.Key != attempts[0].Notification.Key || string(attempts[i].Notification.Body) != string(attempts[0].Notification.Body) {
				t.Fatalf("attempt %d: %+v", i+1, attempts[i].Notification)
			}
			wait, full := attempts[i].At.Sub(attempts[i-1].At), min(5*time.Minute, time.Second<<(i-1))
			if wait > full || wait < full*3/4 {
				t.Errorf("wait %d: %s, want at most %s", i, wait, full)
			}
		}
		row := journal.State().Outbox[0]
		if n := len(attempts); n < 18 || n > 26 || row.Attempts != n || row.LastError != "503" || !row.NextTry.After(time.Now()) {
			t.Errorf("%d attempts; row: %+v", len(attempts), row)
		}
		if s := d.outbox.Stats()[0]; s.Pending != 1 || s.Retried != uint64(len(attempts)) || time.Since(s.Oldest) < 59*time.Minute || s.Error != "503" {
			t.Errorf("stats: %+v", s)
		}
		sink.Fail(nil)
		pass(5 * time.Minute)
		equal(t, "told", told(sink), "opened mw-a/1")
		if s := d.outbox.Stats()[0]; s.Pending != 0 || s.Delivered != 1 || !s.Oldest.IsZero() || s.Error != "" {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestRestartHonoursAttemptsAndNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		sinks := map[string]*pipelinetest.Sink{"ops": sink}
		d := openDesk(t, journal, sinks)
		sink.Fail(pipeline.RetryAfter(errors.New("429"), 10*time.Minute))
		d.submit(opened("a"))
		pass(time.Minute)
		killed := journal.Copy()
		if err := d.close(); err != nil {
			t.Error(err)
		}
		sink.Fail(nil)
		d = openDesk(t, killed, sinks)
		d.submit(opened("b"))
		pass(9*time.Minute - groupTime)
		equal(t, "told before the time that the receiver named", told(sink))
		pass(time.Minute)
		equal(t, "told", told(sink), "opened mw-a/1", "opened mw-b/1")
		if a := killed.Attempts(); a[0].Number != 2 {
			t.Errorf("attempts: %+v", a)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestRetryAfterIsHonouredExactlyUpToAnHour(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, 17 * time.Minute: 17 * time.Minute, 48 * time.Hour: time.Hour,
	} {
		withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
			sink.Fail(pipeline.RetryAfter(errors.New("429"), asked))
			d.submit(opened("a"))
			pass(want / 2)
			d.submit(opened("urgent")) // does not shorten it
			pass(want)
			sink.Fail(nil)
			a := sink.Attempts()
			if got := a[1].At.Sub(a[0].At); got != want {
				t.Errorf("asked for %s: waited %s", asked, got)
			}
			pass(time.Hour)
		})
	}
}

func TestRefusedBatchIsTriedSlowlyThenGivenUpAndHoldsNoOtherBack(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Answer(func(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
			if n.Group == "mw-bad" {
				return nil, pipeline.Permanent(errors.New("400"))
			}
			return nil, nil
		})
		d.submit(opened("bad"))
		pass(time.Second)
		d.submit(opened("good"))
		pass(groupTime)
		equal(t, "told", told(sink), "opened mw-good/1")
		pass(time.Hour)
		var at []time.Duration
		for _, a := range sink.Attempts() {
			if a.Notification.Group == "mw-bad" {
				at = append(at, a.At.Sub(sink.Attempts()[0].At))
			}
		}
		if got := fmt.Sprint(at); got != "[0s 10s 1m10s 6m10s]" {
			t.Errorf("tries at %s", got)
		}
		var outcomes []string
		for _, a := range journal.Attempts() {
			outcomes = append(outcomes, fmt.Sprintf("%s %d %s", a.Key[:strings.LastIndex(a.Key, "-")], a.Number, a.Outcome))
		}
		equal(t, "audit", outcomes, "mw-bad/1 1 refused", "mw-good/1 1 delivered", "mw-bad/1 2 refused",
			"mw-bad/1 3 refused", "mw-bad/1 4 given up")
		if s := d.outbox.Stats()[0]; s.Pending != 0 || s.Refused != 3 || s.GivenUp != 1 || s.Delivered != 1 {
			t.Errorf("stats: %+v", s)
		}
		if left := journal.State().Outbox; len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
	})
}

func TestFinalRefusalIsNotTriedAgain(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(pipeline.Final(errors.New("rejected 1 of 1 records")))
		d.submit(opened("a"))
		pass(time.Hour)
		attempts := journal.Attempts()
		if len(sink.Attempts()) != 1 || len(attempts) != 1 || attempts[0].Outcome != pipeline.OutcomeGivenUp || attempts[0].Error != "rejected 1 of 1 records" {
			t.Errorf("%d attempts, in the audit: %+v", len(sink.Attempts()), attempts)
		}
		if left := journal.State().Outbox; len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
		sink.Fail(nil)
		d.submit(step("a", pipeline.Resolved, 2))
		pass(groupTime)
		equal(t, "told", told(sink), "resolved mw-a/2")
	})
}

func TestLaterChangesOfAnIncidentWaitForTheEarlierOne(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(pipeline.Permanent(errors.New("400")))
		d.submit(opened("a"))
		pass(time.Second)
		sink.Fail(nil)
		d.submit(step("a", pipeline.Escalated, 2))
		pass(time.Second)
		d.submit(step("a", pipeline.Resolved, 3))
		pass(time.Second)
		equal(t, "told before the slow retry", told(sink))
		pass(10 * time.Second)
		var keys []string
		for _, n := range sink.Delivered() {
			keys = append(keys, n.Group+" "+names(n.Changes))
		}
		equal(t, "told", keys, "mw-a opened mw-a/1", "mw-a escalated mw-a/2 + resolved mw-a/3")
	})
}

func TestIncidentThatEndedWhileTheReceiverWasDownIsOneLateNotice(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(pipeline.RetryAfter(errors.New("429"), time.Minute))
		d.submit(opened("first"))
		pass(time.Second)
		sink.Fail(nil)
		d.submit(opened("a"), opened("b"))
		pass(time.Second)
		d.submit(step("a", pipeline.Resolved, 2))
		pass(2 * time.Minute)
		equal(t, "told, what lasts before what is over", told(sink), "opened mw-first/1", "opened mw-b/1", "opened mw-a/1 + resolved mw-a/2")
		for _, c := range journal.Commits() {
			if len(c.Merged) > 0 && (len(c.Merged) != 2 || len(c.Batches) != 1 || c.Batches[0].Attempts != 1 || c.Batches[0].Body == nil) {
				t.Errorf("the merge is not one commit: %+v", c)
			}
		}
		for _, n := range sink.Delivered() {
			if strings.ContainsAny(n.Key, ". \n") {
				t.Errorf("key %q cannot be a webhook-id", n.Key)
			}
		}
	})
}

func TestSlowReceiverDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, fast := pipelinetest.NewSink(), pipelinetest.NewSink()
		d := openDesk(t, pipelinetest.NewMemJournal(), map[string]*pipelinetest.Sink{"ops": slow, "oncall": fast})
		slow.Delay(20 * time.Second)
		d.submit(opened("a"))
		pass(time.Second)
		d.submit(opened("b"))
		pass(groupTime)
		equal(t, "the fast one heard", told(fast), "opened mw-a/1", "opened mw-b/1")
		equal(t, "the slow one heard", told(slow))
		pass(time.Minute)
		equal(t, "the slow one heard", told(slow), "opened mw-a/1", "opened mw-b/1")
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAttemptWithoutAnswerEndsAfterThirtySeconds(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Delay(time.Hour)
		began := time.Now()
		d.submit(opened("a"))
		pass(31 * time.Second)
		if a := sink.Attempts(); len(a) != 1 || !errors.Is(a[0].Err, context.DeadlineExceeded) || a[0].At.Sub(began).Round(time.Second) != 30*time.Second {
			t.Errorf("attempts: %+v", a)
		}
		sink.Answer(nil)
		pass(time.Minute)
	})
}

func TestReceiptComesBackUntilTheIncidentEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		sinks := map[string]*pipelinetest.Sink{"ops": sink}
		d := openDesk(t, journal, sinks)
		sink.Answer(func(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
			if n.Changes[0].Kind == pipeline.Updated {
				return nil, nil // keeps the old one
			}
			return pipeline.Receipt("to " + n.Changes[0].Key()), nil
		})
		for i, kind := range []pipeline.ChangeKind{pipeline.Opened, pipeline.Updated, pipeline.Escalated} {
			d.submit(step("a", kind, i+1))
			pass(time.Second)
		}
		if g := journal.State().Groups; len(g) != 1 || string(g[0].Receipt) != "to mw-a/3" || g[0].Group != "mw-a" {
			t.Errorf("groups: %+v", g)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
		d = openDesk(t, journal, sinks)
		d.submit(step("a", pipeline.Resolved, 4))
		pass(time.Second)
		var receipts []string
		for _, n := range sink.Delivered() {
			receipts = append(receipts, string(n.Receipt))
		}
		equal(t, "receipts", receipts, "", "to mw-a/1", "to mw-a/1", "to mw-a/3")
		if g := journal.State().Groups; len(g) != 0 {
			t.Errorf("groups after the end: %+v", g)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNotifierThatPanicsIsARefusal(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, journal *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Answer(func(context.Context, pipeline.Notification) (pipeline.Receipt, error) { panic("index out of range") })
		d.submit(opened("a"))
		pass(time.Second)
		if a := journal.Attempts(); len(a) != 1 || a[0].Outcome != pipeline.OutcomeRefused || a[0].Error != "notifier panicked: index out of range" {
			t.Errorf("attempts: %+v", a)
		}
	})
}

func TestBatchThatAlwaysFailsLetsOthersGoFirstAfterAWhile(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Answer(func(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
			if n.Group == "mw-poison" {
				return nil, errors.New("500")
			}
			return nil, nil
		})
		d.submit(opened("poison"))
		pass(groupTime)
		d.submit(opened("a"), opened("b"))
		pass(time.Minute)
		equal(t, "told", told(sink), "opened mw-a/1", "opened mw-b/1")
		d.submit(opened("c"))
		pass(time.Minute)
		equal(t, "told", told(sink), "opened mw-a/1", "opened mw-b/1", "opened mw-c/1")
	})
}

func TestCriticalPageCutsALongPauseShort(t *testing.T) {
	withDesk(t, func(t *testing.T, d *desk, _ *pipelinetest.MemJournal, sink *pipelinetest.Sink) {
		sink.Fail(errors.New("503"))
		d.submit(opened("a"))
		for len(sink.Attempts()) < 12 { // pauses are near five minutes now
			pass(time.Second)
		}
		sink.Fail(nil)
		d.submit(opened("b"))
		pass(31 * time.Second)
		equal(t, "told", told(sink), "opened mw-b/1", "opened mw-a/1")
	})
}
