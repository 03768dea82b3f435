package outbox_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// ahead is a journal that was written by a clock that was ahead by a day.
type ahead struct{ *pipelinetest.MemJournal }

func (j ahead) Load() (pipeline.State, error) {
	state, err := j.MemJournal.Load()
	day := func(times ...*time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				*t = t.Add(24 * time.Hour)
			}
		}
	}
	for i := range state.Outbox {
		b := &state.Outbox[i]
		day(&b.Made, &b.NextTry, &b.UrgentTry)
	}
	for i := range state.Groups {
		day(&state.Groups[i].Told, &state.Groups[i].Paged)
	}
	return state, err
}

func TestClockThatWasAheadWithholdsNothing(t *testing.T) {
	withStage(t, nil, func(s *stage) {
		s.submit(opened("a"))
		pass(3 * time.Second)
		s.sinks["ops"].Fail(errors.New("503"))
		s.submit(step("a", pipeline.Updated, 2))
		pass(time.Minute)
		s.submit(opened("b"))
		pass(groupTime)
		killed := s.journal.Copy()
		s.end()
		s.sinks["ops"].Fail(nil)
		s.journal = killed
		s.desk = openDeskAs(s.t, ahead{killed}, s.how, slog.New(slog.DiscardHandler))
		pass(time.Second)
		equal(t, "told at once", s.told("ops", 1), "updated mw-a/2")
		pass(time.Minute)
		equal(t, "told", s.told("ops", 2), "opened mw-b/1 (2/0)")
	}, "ops")
}
