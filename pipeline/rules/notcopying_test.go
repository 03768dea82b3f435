package rules_test

import (
	"strings"
	"testing"

	"mirrorwatch/pipeline"
)

const (
	stalledOpens  = "not-copying opened: " + pipeline.ReasonStalled
	stalledHeals  = "not-copying resolved: " + pipeline.ReasonStalled
	flowOpens     = "not-copying opened: " + pipeline.ReasonFlowStalled
	lagOpens      = "not-copying opened: " + pipeline.ReasonLagStalled
	lagHeals      = "not-copying resolved: " + pipeline.ReasonLagStalled
	recreateOpens = "diverged opened: " + pipeline.ReasonRecreated
	restoreOpens  = "diverged opened: " + pipeline.ReasonRestored
	restoreHeals  = "diverged resolved: " + pipeline.ReasonRestored
)

func TestNotCopyingFires(t *testing.T) {
	for what, c := range map[string]struct {
		feed func(f *feed)
		told []string
	}{
		"the origin moved on: a full or sealed mirror": {func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 130)
			f.looks(8, 22, 100)
		}, []string{stalledOpens}},
		"it resolves when data moves": {func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 130)
			f.looks(8, 22, 100)
			f.look(26, 104)
		}, []string{stalledOpens, stalledHeals}},
		"it resolves when the origin was purged": {func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 130)
			f.looks(8, 22, 100)
			f.origin(24, 130, state(131, 0, 0))
		}, []string{stalledOpens, stalledHeals}},
		"no answer, another leader and silence do not resolve it": {func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 130)
			f.looks(8, 22, 100)
			f.fail(25, pipeline.FaultNoAnswer)
			f.looks(27, 33, 100, led("b"))
			f.looks(36, 90, 100, led("b"), silent(36))
			f.look(93, 104, led("c"))
		}, []string{stalledOpens}},
		"too short to tell": {func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 130)
			f.looks(8, 15, 100)
		}, nil},
		"the origin is seen for the first time, with more than the mirror": {func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 101)
			f.looks(8, 22, 100)
		}, []string{stalledOpens}},
		"a source": {func(f *feed) {
			f.looks(0, 6, 5000, source(100))
			f.origin(7, 130)
			f.looks(8, 22, 5000, source(100))
		}, []string{stalledOpens}},
		"a mirror full of old messages, where the origin removes its oldest": {func(f *feed) {
			f.looks(0, 6, 100)
			f.origin(7, 200, state(150, 51, 0))
			f.looks(8, 22, 100)
		}, []string{stalledOpens}},
		"flow control, from the mirror's side alone": {func(f *feed) {
			f.looks(0, 6, 100)
			f.looks(9, 18, 100, stallFlow)
		}, []string{flowOpens}},
		"flow control, with a filter": {func(f *feed) {
			f.looks(0, 6, 100, filtered)
			f.looks(9, 18, 100, filtered, stallFlow)
		}, []string{flowOpens}},
		"flow control, and the origin that was purged meanwhile moves on": {func(f *feed) {
			f.looks(0, 6, 100)
			f.look(9, 100, stallFlow)
			f.origin(10, 130, state(131, 0, 0))
			f.looks(11, 19, 100, stallFlow)
			f.origin(20, 140, state(131, 10, 0))
			f.looks(21, 33, 100, stallFlow)
		}, []string{flowOpens}},
		"the lag rises, until the origin is purged": {func(f *feed) {
			f.looks(0, 6, 100)
			f.looks(9, 24, 100, lag(40))
			f.origin(25, 140, state(141, 0, 0))
			f.looks(26, 40, 100, lag(40))
		}, []string{lagOpens, lagHeals}},
		"the lag rises, from the mirror's side alone": {func(f *feed) {
			f.looks(0, 6, 100)
			f.looks(9, 24, 100, lag(40))
			f.look(27, 140)
		}, []string{lagOpens, lagHeals}},
	} {
		f := newFeed()
		c.feed(f)
		f.wants(t, what, c.told...)
	}
}

func TestNotCopyingSaysWhatStands(t *testing.T) {
	f := newFeed()
	f.looks(0, 6, 100)
	f.origin(7, 130)
	f.looks(8, 22, 100)
	v := f.last[pipeline.RuleNotCopying]
	if v.Level != pipeline.Critical || v.Value != 30 || v.Unit != pipeline.UnitMessages || !v.Evidence.Equal(f.stream.Whole.At) {
		t.Errorf("got %+v, want critical of 30 messages on the newest sample", v)
	}
	const want = "the origin's last sequence is 130, the mirror's stands at 100 since 19:00:07 UTC or longer"
	if v.Detail != want {
		t.Errorf("detail %q, want %q", v.Detail, want)
	}
}

func TestNotCopyingSaysWhenItCannotKnow(t *testing.T) {
	for what, c := range map[string]struct {
		feed   func(f *feed)
		level  pipeline.Level
		reason string
		detail string
	}{
		"copied": {func(f *feed) {
			f.look(0, 100)
			f.origin(1, 100)
			f.look(3, 100)
		}, pipeline.OK, "", ""},
		"filter": {func(f *feed) {
			f.look(0, 100, filtered)
			f.origin(1, 500)
			f.look(3, 100, filtered)
		}, pipeline.OK, pipeline.ReasonUnverified, "only some"},
		"no view":      {func(f *feed) { f.look(0, 100) }, pipeline.OK, pipeline.ReasonUnverified, "not seen"},
		"old source":   {func(f *feed) { f.look(0, 100, source(0)); f.origin(1, 5); f.look(3, 100, source(0)) }, pipeline.OK, pipeline.ReasonUnverified, "does not tell"},
		"never seen":   {func(f *feed) { f.judge(at(1)) }, pipeline.Unknown, pipeline.ReasonStarting, ""},
		"not seen now": {func(f *feed) { f.look(0, 100); f.fail(3, pipeline.FaultMissing) }, pipeline.Unknown, string(pipeline.FaultMissing), ""},
		"blind":        {func(f *feed) { f.look(0, 100); f.stream.Blind = "eof"; f.judge(at(3)) }, pipeline.Unknown, pipeline.ReasonBlind, "eof"},
		"nobody reports": {func(f *feed) {
			f.look(0, 100, func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Reported = false })
		}, pipeline.Unknown, pipeline.ReasonNoLeader, ""},
	} {
		f := newFeed()
		c.feed(f)
		v := f.last[pipeline.RuleNotCopying]
		if v.Level != c.level || v.Reason != c.reason || !strings.Contains(v.Detail, c.detail) {
			t.Errorf("%s: %s %q (%s), want %s %q (%s)", what, v.Level, v.Reason, v.Detail, c.level, c.reason, c.detail)
		}
	}
}
