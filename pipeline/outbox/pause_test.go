package outbox_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestCriticalPageCutsALongPauseShortAfterARestart(t *testing.T) {
	for name, late := range map[string]bool{"a page before the restart": false, "a page after it": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
				sinks := map[string]*pipelinetest.Sink{"ops": sink}
				d := openDesk(t, journal, sinks)
				sink.Fail(errors.New("503"))
				d.submit(opened("a"))
				for len(sink.Attempts()) < 12 { // pauses are near five minutes now
					pass(time.Second)
				}
				failed := sink.Attempts()[11].At
				if !late {
					d.submit(opened("b"))
					pass(groupTime)
				}
				journal = journal.Copy()
				if err := d.close(); err != nil {
					t.Error(err)
				}
				sink.Fail(nil)
				d = openDesk(t, journal, sinks)
				pass(time.Second)
				equal(t, "told at once after the restart", told(sink))
				if late {
					d.submit(opened("b"))
				}
				pass(30 * time.Second)
				equal(t, "told", told(sink), "opened mw-b/1", "opened mw-a/1")
				if at := sink.Attempts()[12].At.Sub(failed); at < 30*time.Second || at > 31*time.Second {
					t.Errorf("tried after %s", at)
				}
				if err := d.close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestRefusedBatchDoesNotPauseItsReceiverAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		sinks := map[string]*pipelinetest.Sink{"ops": sink}
		d := openDesk(t, journal, sinks)
		sink.Fail(errors.New("503"))
		d.submit(opened("bad"))
		pass(groupTime)
		sink.Fail(pipeline.Permanent(errors.New("400")))
		pass(time.Minute)
		if err := d.close(); err != nil {
			t.Error(err)
		}
		sink.Fail(nil)
		d = openDesk(t, journal, sinks)
		d.submit(step("good", pipeline.Reminded, 2))
		pass(groupTime)
		equal(t, "told", told(sink), "reminded mw-good/2")
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}
