package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/outbox"
	"mirrorwatch/pipeline/pipelinetest"
)

func TestCommitsAreToldWithTheirTimeAndTheirFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, broken := pipelinetest.NewMemJournal(), errors.New("disk full")
		journal.Intercept(func(pipeline.Commit) error {
			time.Sleep(300 * time.Millisecond) // of virtual time
			return nil
		})
		type commit struct {
			took time.Duration
			err  error
		}
		told := make(chan commit, 10)
		log, board := slog.New(slog.DiscardHandler), pipeline.NewBoard(time.Now())
		c := outbox.NewCommitter(outbox.CommitterOptions{
			Journal: journal, Outbox: outbox.New(outbox.Dispatch{}, pipeline.State{}, log), Board: board, Log: log,
			Committed: func(took time.Duration, err error) { told <- commit{took, err} },
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		c.Submit(pipeline.Kept{Changes: []pipeline.Change{opened("a")}})
		if got := <-told; got.took != 300*time.Millisecond || got.err != nil {
			t.Errorf("told %+v", got)
		}
		journal.Intercept(func(pipeline.Commit) error { return broken })
		c.Submit(pipeline.Kept{Changes: []pipeline.Change{opened("b")}})
		if got := <-told; got.took != 0 || !errors.Is(got.err, broken) {
			t.Errorf("told %+v", got)
		}
		journal.Intercept(nil)
		if got := <-told; got.err != nil { // tried again
			t.Errorf("told %+v", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
