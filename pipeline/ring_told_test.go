package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// able is a script that tells of origins and of the ways between servers too, and how it asks.
type able struct {
	*pipelinetest.Script
	origin pipeline.Fault
	ways   error
}

func (a *able) LookAtOrigin(_ context.Context, key pipeline.OriginKey, _ bool) *pipeline.OriginView {
	return &pipeline.OriginView{Key: key, Asked: time.Now(), At: time.Now(), Fault: a.origin}
}

func (a *able) Trunks(context.Context) ([]pipeline.Trunk, error) { return nil, a.ways }

func (a *able) Way() string { return "by heart" }

func TestRingTellsOfEveryKindOfLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, &mirror{key: key("A"), limit: secs(20), delay: secs(0.1)}, &mirror{key: key("B"), frozen: cut(0, 900)})
		r.opt.Interval, r.opt.Origins, r.opt.Trunks, r.opt.Board = secs(60), true, true, pipeline.NewBoard(r.began)
		denied := pipeline.Fault{Kind: pipeline.FaultDenied, Text: "no"}
		r.runOver(t, pipeline.NewWatch(r.began, r.opt, pipeline.State{}), &able{r.source, denied, pipeline.ErrNoAnswer})
		r.pass(50)
		r.end()
		type said struct {
			took    time.Duration
			streams int
			err     error
		}
		told := map[pipeline.LookKind]said{}
		for _, l := range r.looks {
			told[l.Kind] = said{l.Took, l.Streams, l.Err}
		}
		for kind, want := range map[pipeline.LookKind]said{
			pipeline.LookRound:  {noAnswerAfter, 2, nil},
			pipeline.LookStream: {secs(0.1), 1, nil},
			pipeline.LookOrigin: {0, 1, pipeline.ErrDenied},
			pipeline.LookTrunks: {0, 0, pipeline.ErrNoAnswer},
		} {
			if got, ok := told[kind]; !ok || got.took != want.took || got.streams != want.streams || !errors.Is(got.err, want.err) {
				t.Errorf("%s: %+v (told %t), want %+v", kind, got, ok, want)
			}
		}
		if c := r.opt.Board.Connections(); len(c) != 1 || c[0].Way != "by heart" {
			t.Errorf("on the board: %+v, want the source's way", c)
		}
	})
}

func TestRingTellsOfTurnsAndProofs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30)}, &mirror{key: key("B"), limit: secs(30), cut: cut(-10, 900)})
		r.pass(100)
		r.end()
		if r.turns == 0 || r.turns > 120 || r.late != 0 {
			t.Errorf("%d turns, late by %s in total; want some that the timer asked for, in time", r.turns, r.late)
		}
		if rounds := 20; r.proofs < rounds-1 || r.proofs > len(r.looks) {
			t.Errorf("%d proofs of A, want one in each of %d rounds, and no more than there were looks: %d", r.proofs, rounds, len(r.looks))
		}
	})
}

func TestRingTellsAtOnceWhatAnAnswerShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30), cut: cut(-100, 900)}, &mirror{key: key("B"), delay: secs(7)})
		r.pass(1)
		told := r.told()
		r.end()
		if len(told) != 1 || told[0].Kind != pipeline.Opened || told[0].At.Sub(r.began) > time.Millisecond {
			t.Errorf("within the first round: %+v, want opened at once", told)
		}
	})
}

func TestDeadlineDoesNotWaitForARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 900)}, &mirror{key: key("B"), delay: secs(7)})
		r.pass(100)
		r.end()
		told := r.told()
		if len(told) != 1 || told[0].Kind != pipeline.Opened || told[0].At.Sub(r.began) != secs(90) {
			t.Fatalf("%+v, want opened at 1m30s exactly", told)
		}
		for _, l := range r.looks {
			if l.Kind == pipeline.LookRound && l.Began.Before(told[0].At) && l.Began.Add(l.Took).After(told[0].At) {
				return
			}
		}
		t.Error("no round was under way")
	})
}
