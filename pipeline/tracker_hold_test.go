package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// walkTracker lets a tracker judge, and fails where another change follows than wanted.
func walkTracker(t *testing.T, tracker *pipeline.Tracker, steps ...judged) (last pipeline.Change) {
	t.Helper()
	for _, s := range steps {
		change, changed := tracker.Judge(at(s.at), s.verdict)
		if changed != (s.want != "") || change.Kind != s.want {
			t.Fatalf("at %v: %q, want %q", s.at, change.Kind, s.want)
		}
		if changed {
			last = change
		}
	}
	return last
}

func TestHoldDelaysWhatIsTold(t *testing.T) {
	const ok, warning, critical, unknown = pipeline.OK, pipeline.Warning, pipeline.Critical, pipeline.Unknown
	moot := pipeline.Verdict{Rule: "r", Subject: subject, Moot: "disabled"}
	raised := said(ok, 0, "")
	raised.Limit = 60
	open := []judged{{0, said(critical, 0, "x"), ""}, {60, said(critical, 0, "x"), pipeline.Opened}}
	for name, steps := range map[string][]judged{
		"opens when it lasted":            {{0, said(critical, 0, "x"), ""}, {59, said(critical, 0, "x"), ""}, {60, said(critical, 0, "x"), pipeline.Opened}},
		"ok begins it anew":               {{0, said(critical, 0, "x"), ""}, {40, said(ok, 0, ""), ""}, {60, said(critical, 0, "x"), ""}, {119, said(critical, 0, "x"), ""}, {120, said(critical, 0, "x"), pipeline.Opened}},
		"unknown neither breaks nor adds": {{0, said(critical, 0, "x"), ""}, {30, said(unknown, 0, ""), ""}, {80, said(unknown, 0, ""), ""}, {100, said(critical, 0, "x"), ""}, {129, said(critical, 0, "x"), ""}, {130, said(critical, 0, "x"), pipeline.Opened}},
		"moot is no end of it":            {{0, said(critical, 0, "x"), ""}, {30, moot, ""}, {60, said(critical, 0, "x"), ""}, {120, said(critical, 0, "x"), pipeline.Opened}},
		"resolves when it lasted":         append(open[:2:2], judged{70, said(ok, 65, ""), ""}, judged{129, said(ok, 65, ""), ""}, judged{130, said(ok, 65, ""), pipeline.Resolved}),
		"a violation keeps it open":       append(open[:2:2], judged{70, said(ok, 65, ""), ""}, judged{100, said(critical, 66, "x"), ""}, judged{130, said(ok, 120, ""), ""}, judged{189, said(ok, 120, ""), ""}, judged{190, said(ok, 120, ""), pipeline.Resolved}),
		"closes at once":                  append(open[:2:2], judged{61, moot, pipeline.Closed}),
		"another limit closes at once":    append(open[:2:2], judged{61, raised, pipeline.Closed}),
		"grows worse when it lasted": {
			{0, said(warning, 0, "x"), ""},
			{60, said(warning, 0, "x"), pipeline.Opened},
			{70, said(critical, 0, "x"), ""},
			{80, said(warning, 0, "x"), ""},
			{90, said(critical, 0, "x"), ""},
			{149, said(critical, 0, "x"), ""},
			{150, said(critical, 0, "x"), pipeline.Escalated},
			{151, said(warning, 0, "x"), pipeline.Eased},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := pipeline.NewTracker(nil, nil)
			tracker.Hold(map[string]time.Duration{"r": time.Minute})
			walkTracker(t, tracker, steps...)
		})
	}
}

func TestTrackerSaysWhenAHoldIsOver(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	tracker.Hold(map[string]time.Duration{"r": time.Minute})
	for _, c := range []struct {
		judged
		due time.Time
	}{
		{judged{0, said(pipeline.Critical, 0, "x"), ""}, at(60)},
		{judged{10, said(pipeline.Unknown, 0, ""), ""}, time.Time{}},
		{judged{20, said(pipeline.Critical, 0, "x"), ""}, at(70)},
		{judged{70, said(pipeline.Critical, 0, "x"), pipeline.Opened}, time.Time{}},
		{judged{80, said(pipeline.OK, 75, ""), ""}, at(140)},
		{judged{90, said(pipeline.Critical, 76, "x"), ""}, time.Time{}},
		{judged{100, said(pipeline.OK, 99, ""), ""}, at(160)},
		{judged{160, said(pipeline.OK, 99, ""), pipeline.Resolved}, time.Time{}},
	} {
		walkTracker(t, tracker, c.judged)
		if due := tracker.Due(subject.StreamKey); !due.Equal(c.due) {
			t.Errorf("at %v: due %s, want %s", c.at, since(due), since(c.due))
		}
	}
}

func TestHeldOpenIncidentTellsItsSilenceOnly(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	tracker.Hold(map[string]time.Duration{"r": time.Minute})
	opened := walkTracker(t, tracker, judged{40, said(pipeline.Critical, 10, "x"), ""}, judged{100, said(pipeline.Critical, 10, "x"), pipeline.Opened})
	if opened.Incident.Since != at(10) || opened.Incident.Opened != at(100) || opened.Silent != 90*time.Second {
		t.Errorf("opened at %s after %s since %s, want 1m40s, 1m30s, 10s", since(opened.Incident.Opened), opened.Silent, since(opened.Incident.Since))
	}
	resolved := walkTracker(t, tracker,
		judged{131, said(pipeline.OK, 130, ""), ""}, judged{150, said(pipeline.Critical, 140, "x"), ""},
		judged{160, said(pipeline.OK, 159, ""), ""}, judged{220, said(pipeline.OK, 219, ""), pipeline.Resolved})
	if want := secs(120 + 19); resolved.Silent != want {
		t.Errorf("resolved after a silence of %s, want %s: two silences, without what was well between and after", resolved.Silent, want)
	}
}

func TestSilenceHoldsFromItsLimitOn(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	tracker.Hold(map[string]time.Duration{"r": time.Minute})
	v := said(pipeline.Critical, 100, "x")
	v.Silence = true // over its limit of 30 s since 130 s
	walkTracker(t, tracker, judged{189, v, ""}, judged{190, v, pipeline.Opened})
	restarted := pipeline.NewTracker(nil, nil)
	restarted.Hold(map[string]time.Duration{"r": time.Minute})
	walkTracker(t, restarted, judged{500, v, pipeline.Opened})
}

func TestWhatARuleHasNoWordOnWaitsNoLonger(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	tracker.Hold(map[string]time.Duration{"r": time.Minute})
	walkTracker(t, tracker, judged{0, said(pipeline.Critical, 0, "x"), ""})
	if changes := tracker.CloseRest(at(30), subject.StreamKey, pipeline.ReasonLimitRemoved, nil); len(changes) != 0 {
		t.Errorf("%+v of what was never open", changes)
	}
	walkTracker(t, tracker, judged{60, said(pipeline.Critical, 0, "x"), ""}, judged{120, said(pipeline.Critical, 0, "x"), pipeline.Opened})
}
