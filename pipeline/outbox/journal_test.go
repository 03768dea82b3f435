package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestUndeliveredBatchSurvivesInARealJournal(t *testing.T) {
	dir := t.TempDir()
	sink := pipelinetest.NewSink()
	sinks := map[string]*pipelinetest.Sink{"ops": sink}
	open := func() (*desk, *journal.Journal) {
		j, err := journal.Open(dir, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return openDesk(t, j, sinks), j
	}
	end := func(d *desk, j *journal.Journal) {
		if err := errors.Join(d.close(), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	heard := make(chan pipeline.Notification, 10)
	sink.Answer(func(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
		heard <- n
		return nil, errors.New("503")
	})
	d, j := open()
	d.submit(opened("a"))
	first := <-heard
	end(d, j)

	sink.Answer(func(_ context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
		heard <- n
		return pipeline.Receipt("C1/42"), nil
	})
	d, j = open()
	second := <-heard
	if second.Key != first.Key || string(second.Body) != string(first.Body) {
		t.Errorf("after a restart: %+v, before: %+v", second, first)
	}
	end(d, j)

	d, j = open()
	d.submit(step("a", pipeline.Resolved, 2))
	if third := <-heard; string(third.Receipt) != "C1/42" || !strings.HasPrefix(third.Key, "mw-a/2-") {
		t.Errorf("after another restart: %+v", third)
	}
	end(d, j)
}

// BenchmarkSubmitToNotify is the way of one change from a ring to a receiver, over a real journal: two fsynced commits
// and the wait for others to group with.
func BenchmarkSubmitToNotify(b *testing.B) {
	j, err := journal.Open(b.TempDir(), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	heard := make(chan struct{}, 1)
	sink := pipelinetest.NewSink()
	sink.Answer(func(context.Context, pipeline.Notification) (pipeline.Receipt, error) {
		heard <- struct{}{}
		return nil, nil
	})
	log := slog.New(slog.DiscardHandler)
	box := outbox.New(outbox.Dispatch{Direct: []pipeline.Receiver{{Name: "ops", Notifier: sink}}}, pipeline.State{}, log)
	c := outbox.NewCommitter(outbox.CommitterOptions{
		Journal: j, Outbox: box, Board: pipeline.NewBoard(time.Now()), Log: log,
	})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	for n := 0; b.Loop(); n++ {
		c.Submit(pipeline.Kept{Changes: []pipeline.Change{opened(fmt.Sprint(n))}})
		<-heard
	}
	stop()
	if err := errors.Join(<-ended, j.Close()); err != nil {
		b.Fatal(err)
	}
}
