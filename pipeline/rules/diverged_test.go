package rules_test

import (
	"testing"

	"mirrorwatch/pipeline"
)

func TestDiverged(t *testing.T) {
	recreated := func(f *feed) {
		f.look(0, 480)
		f.origin(1, 480)
		f.look(3, 480)
		f.origin(11, 12, reborn(5))
		f.look(12, 480)
		f.origin(13.5, 12, reborn(5))
	}
	restored := func(f *feed) {
		f.look(0, 480)
		f.origin(1, 480)
		f.look(3, 480)
		f.origin(11, 400)
		f.look(12, 480)
		f.look(31, 480)
		f.origin(32.5, 400)
	}
	for what, c := range map[string]struct {
		feed func(f *feed)
		told []string
	}{
		"said once": {func(f *feed) {
			f.look(0, 480)
			f.origin(1, 480)
			f.origin(11, 12, reborn(5))
		}, nil},
		"recreated": {recreated, []string{recreateOpens}},
		"recreated, and past the mirror": {func(f *feed) {
			recreated(f)
			f.origin(23, 500, reborn(5))
			f.look(24, 480)
			f.origin(33, 700, reborn(5))
		}, []string{recreateOpens}},
		"no answer resolves nothing": {func(f *feed) {
			recreated(f)
			f.origin(23, 0, func(v *pipeline.OriginView) { v.Fault.Kind = pipeline.FaultNoAnswer })
			f.fail(24, pipeline.FaultNoAnswer)
		}, []string{recreateOpens}},
		"a new mirror resolves it, once the origin was seen again": {func(f *feed) {
			recreated(f)
			f.origin(23, 12, reborn(5))
			f.look(24, 12, func(s *pipeline.Sample, _ *pipeline.LinkSample) { s.Created = at(23.5) })
			if len(f.told) != 1 {
				t.Errorf("told %q before the origin was seen", f.told)
			}
			f.origin(33, 12, reborn(5))
		}, []string{recreateOpens, "diverged resolved: " + pipeline.ReasonRecreated}},
		"restored older": {restored, []string{restoreOpens}},
		"restored older, and back in full": {func(f *feed) {
			restored(f)
			f.origin(43, 480)
		}, []string{restoreOpens, restoreHeals}},
	} {
		f := newFeed()
		c.feed(f)
		f.wants(t, what, c.told...)
	}
}

func TestDivergedSaysWhatDiffers(t *testing.T) {
	f := newFeed()
	f.look(0, 480)
	f.origin(1, 480)
	if v := f.last[pipeline.RuleDiverged]; v.Level != pipeline.OK || !v.Evidence.Equal(at(1.05)) {
		t.Errorf("agreeing: %+v, want ok on the view", v)
	}
	f.origin(11, 12, reborn(5))
	if v := f.last[pipeline.RuleDiverged]; v.Level != pipeline.Unknown {
		t.Errorf("in doubt: %+v, want unknown", v)
	}
	f.origin(13.5, 12, reborn(5))
	v := f.last[pipeline.RuleDiverged]
	const want = "the origin was created anew on 2026-11-22 at 19:00:05 UTC, its last sequence was 12, the mirror's 480"
	if v.Level != pipeline.Critical || v.Detail != want {
		t.Errorf("%s %q, want critical %q", v.Level, v.Detail, want)
	}
	f = newFeed()
	f.look(0, 480)
	if v := f.last[pipeline.RuleDiverged]; v.Level != pipeline.Unknown || v.Reason != pipeline.ReasonUnverified {
		t.Errorf("without a view: %+v, want unknown", v)
	}
}
