package rules_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

func TestSilenceSaysWhetherTheOriginMovedOn(t *testing.T) {
	cut := func(f *feed) {
		f.looks(0, 6, 100)
		f.looks(9, 15, 100, silent(7))
	}
	unseen := func(v *pipeline.OriginView) { v.Fault = pipeline.Fault{Kind: pipeline.FaultNoResponders} }
	for want, play := range map[string]func(f *feed){
		"": cut,
		"the origin was not seen since the agent started: no responders": func(f *feed) { cut(f); f.origin(16, 0, unseen) },
		"the origin was not seen since 19:00:16 UTC: no responders":      func(f *feed) { cut(f); f.origin(16, 100); f.origin(26, 0, unseen) },
		"the origin has nothing new":                                     func(f *feed) { cut(f); f.origin(16, 100) },
		"the origin has 30 messages more":                                func(f *feed) { cut(f); f.origin(16, 130); f.look(18, 100, silent(7)) },
		"the origin answers; its last sequence is 130":                   func(f *feed) { cut(f); f.origin(16, 130) },
		"the origin was recreated":                                       func(f *feed) { cut(f); f.origin(16, 100); f.origin(26, 5, reborn(20)); f.origin(29, 5, reborn(20)) },
		"the origin is behind its mirror":                                func(f *feed) { cut(f); f.origin(16, 100); f.origin(26, 5); f.origin(48, 5) },
		"too slow; the origin answers; its last sequence is 130": func(f *feed) {
			cut(f)
			f.origin(16, 130)
			f.stream.Fault.Text = "too slow"
			f.fail(18, pipeline.FaultNoAnswer)
		},
		"gone; the origin has 30 messages more": func(f *feed) { cut(f); f.origin(16, 130); f.look(18, 100, silent(7), serverError("gone")) },
	} {
		f := newFeed()
		play(f)
		for _, r := range []pipeline.Rule{rules.SeenDefault{After: 5 * time.Minute}, rules.Seen{}} {
			var got []pipeline.Verdict
			if _, own := r.(rules.Seen); own {
				f.stream.Policy.SeenCritical = pipeline.Some(time.Minute)
			}
			r.Judge(at(400), f.view(), func(v pipeline.Verdict) { got = append(got, v) })
			v := got[len(got)-1]
			if v.Level == pipeline.OK || v.Detail != want {
				t.Errorf("%T: %s %q, want %q", r, v.Level, v.Detail, want)
			}
		}
	}
}

func serverError(text string) func(s *pipeline.Sample, l *pipeline.LinkSample) {
	return func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Error = text }
}

func TestLagCountsWhatTheOriginShows(t *testing.T) {
	const opens, heals = "lag opened: " + pipeline.ReasonLag, "lag resolved: " + pipeline.ReasonLag
	for what, c := range map[string]struct {
		feed func(f *feed)
		told []string
	}{
		"more at the origin than reported": {func(f *feed) {
			f.look(0, 100)
			f.origin(1, 250)
			f.look(3, 100)
		}, []string{opens}},
		"more reported than seen at the origin": {func(f *feed) {
			f.origin(0, 110)
			f.look(1, 100)
			f.look(3, 100, lag(150))
		}, []string{opens}},
		"fewer than the limit": {func(f *feed) {
			f.look(0, 100)
			f.origin(1, 199)
			f.look(3, 100, lag(20))
		}, nil},
		"a filter: only the reported lag counts": {func(f *feed) {
			f.look(0, 100, filtered)
			f.origin(1, 5000)
			f.look(3, 100, filtered)
		}, nil},
		"everything copied is proof": {func(f *feed) {
			f.look(0, 100)
			f.origin(1, 250)
			f.look(3, 100)
			f.look(4, 250, led("b"))
			f.look(7, 250, led("b"))
			f.origin(11, 250)
		}, []string{opens, heals}},
		"a lag of 0 under a new leader is none": {func(f *feed) {
			f.look(0, 100, filtered)
			f.look(3, 100, filtered, lag(150))
			f.look(6, 100, filtered, led("b"))
			f.look(9, 100, filtered, led("b"))
		}, []string{opens}},
	} {
		f := newFeed()
		f.stream.Policy.LagCritical = pipeline.Some(uint64(100))
		c.feed(f)
		f.wants(t, what, c.told...)
	}
}
