package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// flap opens and resolves an incident so many times, a minute apart, from a second on.
func flap(t *testing.T, tracker *pipeline.Tracker, from float64, times int) {
	t.Helper()
	for n := range times {
		begin := from + 60*float64(n)
		walkTracker(t, tracker,
			judged{begin, said(pipeline.Critical, begin-10, "x"), pipeline.Opened},
			judged{begin + 20, said(pipeline.OK, begin+19, ""), pipeline.Resolved})
	}
}

func TestTheFourthOpeningInHalfAnHourIsHeldOpen(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	flap(t, tracker, 0, 3)
	opened := walkTracker(t, tracker, judged{180, said(pipeline.Critical, 170, "x"), pipeline.Opened})
	if i := opened.Incident; i.Flaps != 4 || i.Reason != "x" || i.Detail != "comes and goes: 4 times in 30 min" {
		t.Errorf("opened %+v, want 4 flaps in 30 min", i)
	}
	walkTracker(t, tracker,
		judged{200, said(pipeline.OK, 199, ""), ""}, judged{240, said(pipeline.Critical, 230, "x"), ""},
		judged{260, said(pipeline.OK, 259, ""), ""}, judged{300, said(pipeline.Critical, 290, "x"), ""})
	if i := tracker.All()[0]; i.Flaps != 6 || !strings.Contains(i.Detail, "6 times in 30 min") || i.Changes != 1 {
		t.Errorf("%+v, want 6 flaps, and nothing told of them", i)
	}
	walkTracker(t, tracker, judged{320, said(pipeline.OK, 319, ""), ""})
	if due := tracker.Due(subject.StreamKey); !due.Equal(at(920)) {
		t.Errorf("due %s, want 15m20s", since(due))
	}
	resolved := walkTracker(t, tracker, judged{919, said(pipeline.OK, 918, ""), ""}, judged{920, said(pipeline.OK, 918, ""), pipeline.Resolved})
	if want := 3 * 29 * time.Second; resolved.Silent != want || resolved.Incident.Flaps != 6 {
		t.Errorf("resolved after %s, %d flaps, want %s in total, 6", resolved.Silent, resolved.Incident.Flaps, want)
	}
	if want := "came and went 6 times in 30 min; dark for 1m27s in total, 29s at the longest"; resolved.Incident.Detail != want {
		t.Errorf("%q, want %q", resolved.Incident.Detail, want)
	}
}

func TestOpeningsFarApartAreNoFlapping(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	for n := range 20 {
		begin := 601 * float64(n) // three in 30 min
		opened := walkTracker(t, tracker, judged{begin, said(pipeline.Critical, begin-10, "x"), pipeline.Opened})
		if opened.Incident.Flaps != 0 {
			t.Fatalf("opening %d: %d flaps", n, opened.Incident.Flaps)
		}
		walkTracker(t, tracker, judged{begin + 300, said(pipeline.OK, begin+299, ""), pipeline.Resolved})
	}
}

func TestFlappingThatStaysDownIsToldOnceMore(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	flap(t, tracker, 0, 3)
	walkTracker(t, tracker,
		judged{180, said(pipeline.Critical, 170, "x"), pipeline.Opened},
		judged{200, said(pipeline.OK, 199, ""), ""}, judged{240, said(pipeline.Critical, 230, "x"), ""})
	if due := tracker.Due(subject.StreamKey); !due.Equal(at(840)) {
		t.Errorf("due %s, want 14m0s", since(due))
	}
	down := walkTracker(t, tracker, judged{839, said(pipeline.Critical, 230, "x"), ""}, judged{840, said(pipeline.Critical, 230, "x"), pipeline.Reminded})
	if i := down.Incident; i.Flaps != 0 || i.Detail != "" || i.Changes != 2 || down.Silent != 610*time.Second || !down.Kind.Pings() {
		t.Errorf("told %+v after %s, want no flaps, 10m10s", i, down.Silent)
	}
	resolved := walkTracker(t, tracker, judged{900, said(pipeline.Critical, 230, "x"), ""}, judged{1000, said(pipeline.OK, 999, ""), pipeline.Resolved})
	if want := secs(29 + 769); resolved.Silent != want {
		t.Errorf("resolved after %s, want %s", resolved.Silent, want)
	}
}

func TestFlappingGrowsWorseAtOnceAndClosesAtOnce(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	flap(t, tracker, 0, 3)
	closed := walkTracker(t, tracker,
		judged{180, said(pipeline.Warning, 170, "x"), pipeline.Opened},
		judged{190, said(pipeline.Critical, 170, "x"), pipeline.Escalated},
		judged{191, said(pipeline.Warning, 170, "x"), ""}, judged{192, said(pipeline.Critical, 170, "x"), ""},
		judged{200, said(pipeline.OK, 199, ""), ""},
		judged{210, pipeline.Verdict{Rule: "r", Subject: subject, Moot: "deleted"}, pipeline.Closed})
	if closed.Silent != 29*time.Second || closed.Incident.Reason != "deleted" || closed.Incident.Detail != "" {
		t.Errorf("closed %+v after %s, want 29s", closed.Incident, closed.Silent)
	}
	if !tracker.Due(subject.StreamKey).IsZero() {
		t.Error("something is due of what is closed")
	}
}

func TestFlappingIsOfOneRuleAndSubject(t *testing.T) {
	tracker := pipeline.NewTracker(nil, nil)
	flap(t, tracker, 0, 3)
	other, elsewhere := said(pipeline.Critical, 170, "x"), said(pipeline.Critical, 170, "x")
	other.Rule, elsewhere.Subject.Origin = "other", "P"
	for _, v := range []pipeline.Verdict{other, elsewhere} {
		if opened := walkTracker(t, tracker, judged{180, v, pipeline.Opened}); opened.Incident.Flaps != 0 {
			t.Errorf("%s on %s flaps", v.Rule, v.Subject)
		}
	}
}

func TestWhatFlapsIsRememberedOverARestart(t *testing.T) {
	first := pipeline.NewTracker(nil, nil)
	var ended []pipeline.Incident
	for n := range 3 {
		begin := 60 * float64(n)
		first.Judge(at(begin), said(pipeline.Critical, begin-10, "x"))
		c, _ := first.Judge(at(begin+20), said(pipeline.OK, begin+19, ""))
		ended = append(ended, c.Incident)
	}
	ended = append(ended, first.Tell(at(170), "r", subject, "told once").Incident) // was never open
	if c := walkTracker(t, pipeline.NewTracker(nil, ended), judged{180, said(pipeline.Critical, 170, "x"), pipeline.Opened}); c.Incident.Flaps != 4 {
		t.Errorf("%d flaps, want 4", c.Incident.Flaps)
	}
	if c := walkTracker(t, pipeline.NewTracker(nil, ended[1:]), judged{180, said(pipeline.Critical, 170, "x"), pipeline.Opened}); c.Incident.Flaps != 0 {
		t.Errorf("%d flaps after two openings", c.Incident.Flaps-1)
	}

	opened := walkTracker(t, first, judged{180, said(pipeline.Critical, 170, "x"), pipeline.Opened})
	second := pipeline.NewTracker([]pipeline.Incident{opened.Incident}, ended)
	resolved := walkTracker(t, second,
		judged{300, said(pipeline.OK, 299, ""), ""}, judged{600, said(pipeline.Unknown, 0, ""), ""}, judged{700, said(pipeline.OK, 699, ""), ""},
		judged{999, said(pipeline.OK, 998, ""), ""}, judged{1000, said(pipeline.OK, 999, ""), pipeline.Resolved})
	if want := "came and went 4 times in 30 min; dark for at least 2m9s in total, 2m9s at the longest"; resolved.Incident.Detail != want {
		t.Errorf("%q, want %q", resolved.Incident.Detail, want)
	}
}
