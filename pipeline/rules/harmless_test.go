package rules_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

// Nothing here is wrong with the link, though sequences differ.
func TestHarmlessIsNotTold(t *testing.T) {
	for what, play := range map[string]func(f *feed){
		"idle": func(f *feed) {
			for s := 0.0; s < 60; s += 10 {
				f.looks(s, s+9, 100)
				f.origin(s+9.5, 100)
			}
		},
		"never anything in it": func(f *feed) {
			f.looks(0, 6, 0)
			f.origin(7, 0)
			f.looks(8, 30, 0)
		},
		"busy, and some messages behind all the time": func(f *feed) {
			for s := 0.0; s < 90; s += 3 {
				f.look(s, uint64(100+100*s), lag(300))
				f.origin(s+1, uint64(400+100*s))
			}
		},
		"a backlog of 200,000": func(f *feed) {
			f.origin(0, 200_000)
			for s := 1.0; s < 4; s++ {
				f.look(s, 0, func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Active = -1 })
			}
			for n := range 20 {
				pos := uint64(10_000 * (n + 1))
				f.look(float64(4+3*n), pos, lag(200_000-pos))
				f.origin(float64(5+3*n), 200_000)
			}
			f.looks(70, 100, 200_000)
		},
		"filter": func(f *feed) {
			f.looks(0, 6, 100, filtered)
			f.origin(7, 5000)
			f.looks(8, 20, 100, filtered)
			f.origin(21, 9000)
			f.looks(22, 40, 100, filtered)
		},
		"start sequence ahead of the origin": func(f *feed) {
			ahead := func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.StartSeq = 1000 }
			f.looks(0, 6, 0, ahead)
			f.origin(7, 500)
			f.looks(8, 20, 0, ahead)
			f.origin(21, 600)
			f.looks(22, 40, 0, ahead)
		},
		"start time ahead of the origin": func(f *feed) {
			ahead := func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.StartTime = now }
			f.looks(0, 6, 0, ahead)
			f.origin(7, 500)
			f.looks(8, 20, 0, ahead)
			f.origin(21, 600)
			f.looks(22, 40, 0, ahead)
		},
		"start time in the past, on an old origin that is idle": func(f *feed) {
			from := func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.StartTime = stamp(500).Add(time.Second) }
			f.looks(0, 6, 0, from)
			f.origin(7, 500)
			f.looks(8, 40, 0, from)
		},
		"origin purged": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 100, state(101, 0, 0))
			f.looks(8, 30, 100)
		},
		"origin purged to a future sequence": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 5000, state(5001, 0, 0))
			f.looks(8, 30, 100)
			f.look(32, 5001)
			f.origin(33, 5001, state(5001, 1, 0))
			f.looks(34, 60, 5001)
		},
		"origin purged before everything was copied": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 130)
			f.look(8, 100)
			f.origin(10, 130, state(131, 0, 0))
			f.looks(11, 40, 100)
		},
		"origin deleted its newest messages before it was seen": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 105, state(1, 100, 5))
			f.looks(8, 40, 100)
		},
		"both at their limits, discarding old": func(f *feed) {
			for s := 0.0; s < 60; s += 3 {
				last := uint64(1000 + 10*s)
				f.look(s, last, func(sample *pipeline.Sample, _ *pipeline.LinkSample) {
					sample.State.FirstSeq, sample.State.Messages = last-99, 100
					sample.Bounds = pipeline.Bounds{Messages: 100}
				})
				f.origin(s+1, last+5, state(last-45, 51, 0))
			}
		},
		"flow control stalled for a moment, with nothing left to copy": func(f *feed) {
			f.looks(0, 6, 100)
			f.look(9, 100, stallFlow)
			f.looks(12, 40, 100)
		},
		"flow control stalled for a moment, with a filter": func(f *feed) {
			f.looks(0, 6, 100, filtered)
			f.look(9, 100, filtered, stallFlow)
			f.looks(12, 40, 100, filtered)
		},
		"mirror purged": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 100)
			f.looks(8, 30, 100, func(s *pipeline.Sample, _ *pipeline.LinkSample) { s.State.FirstSeq, s.State.Messages = 101, 0 })
		},
		"leader of the mirror changes": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 100)
			f.look(8, 100, led("b"), func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Active = -1 })
			f.looks(9, 30, 100, led("b"))
		},
		"a new leader of the origin, behind for a moment": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 100)
			f.origin(17, 97)
			f.looks(18, 24, 100)
			f.origin(25, 100)
		},
		"cut while the origin moves on: that is silence": func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 100)
			f.looks(8, 50, 100, silent(7))
			f.origin(51, 900)
			f.looks(52, 80, 100, silent(7))
			f.look(83, 500)
			f.look(86, 900)
		},
	} {
		f := newFeed()
		play(f)
		f.wants(t, what)
	}
}

func TestStreamsWithoutLinksAreNotJudged(t *testing.T) {
	promoted := stream(func(s *pipeline.StreamView, _ *pipeline.LinkView) { s.Links = nil })
	for _, r := range []pipeline.Rule{rules.NotCopying{}, rules.Diverged{}, rules.Lag{}} {
		if all := verdicts(r, promoted); len(all) != 0 {
			t.Errorf("%T: %+v, want no opinion", r, all)
		}
	}
}
