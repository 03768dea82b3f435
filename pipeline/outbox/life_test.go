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

func TestBatchesOfAReceiverThatIsGoneAreGivenUpVisibly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
		d := openDesk(t, journal, map[string]*pipelinetest.Sink{"ops": sink})
		d.submit(opened("told"))
		pass(time.Second)
		sink.Fail(errors.New("down"))
		d.submit(opened("untold"))
		pass(time.Second)
		if err := d.close(); err != nil {
			t.Error(err)
		}
		d = openDesk(t, journal, nil)
		pass(time.Second)
		attempts := journal.Attempts()
		last := attempts[len(attempts)-1]
		if last.Outcome != pipeline.OutcomeGivenUp || !strings.HasPrefix(last.Key, "mw-untold/1-") || last.Error != "receiver is no longer configured" {
			t.Errorf("audit: %+v", last)
		}
		if s := journal.State(); len(s.Outbox)+len(s.Groups) != 0 || len(s.Incidents) != 2 {
			t.Errorf("state: %+v", s)
		}
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAttemptInFlightIsGivenTheGraceAndNoMore(t *testing.T) {
	for delay, want := range map[time.Duration]string{5 * time.Second: "[]", 20 * time.Second: "[mw-a/1]"} {
		synctest.Test(t, func(t *testing.T) {
			journal, sink := pipelinetest.NewMemJournal(), pipelinetest.NewSink()
			d := openDesk(t, journal, map[string]*pipelinetest.Sink{"ops": sink})
			sink.Delay(delay)
			d.submit(opened("a"))
			pass(time.Second)
			began := time.Now()
			if err := d.close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 8*time.Second+groupTime {
				t.Errorf("took %s", took)
			}
			left := []string{}
			for _, b := range journal.State().Outbox {
				left = append(left, b.Changes[0].Key())
			}
			if fmt.Sprint(left) != want {
				t.Errorf("an attempt of %s: left %s, want %s", delay, left, want)
			}
		})
	}
}

func TestNotifierThatHeedsNoContextDoesNotKeepTheAgentFromEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := pipelinetest.NewSink()
		d := openDesk(t, pipelinetest.NewMemJournal(), map[string]*pipelinetest.Sink{"ops": sink})
		release := make(chan struct{})
		sink.Answer(func(context.Context, pipeline.Notification) (pipeline.Receipt, error) { <-release; return nil, nil })
		d.submit(opened("a"))
		pass(time.Second)
		began := time.Now()
		if err := d.close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %s", took)
		}
		close(release)
	})
}
