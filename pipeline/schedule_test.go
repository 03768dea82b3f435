package pipeline

import (
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return begin.Add(time.Duration(seconds * float64(time.Second)))
}

func TestRoundsArePairedOnlyWhereSingleLooksDoNotChain(t *testing.T) {
	for _, c := range []struct {
		interval float64
		listed   int
		took     float64
		period   float64
		paired   bool
	}{
		{interval: 5, period: 5},
		{interval: 5, listed: 2500, period: 5},
		{interval: 5, listed: 3000, period: 6},
		{interval: 5, listed: 3040, period: 6.08},
		{interval: 5, listed: 3050, period: 12.2, paired: true},
		{interval: 5, listed: 10000, period: 40, paired: true},
		{interval: 8, period: 8},
		{interval: 9, period: 9, paired: true},
		{interval: 60, listed: 100, period: 60, paired: true},
		{interval: 5, took: 30, period: 30, paired: true},
	} {
		r := rounds{interval: after(c.interval).Sub(begin), perSec: 500, listed: c.listed, took: after(c.took).Sub(begin)}
		if period, paired := r.period(); period != after(c.period).Sub(begin) || paired != c.paired {
			t.Errorf("%+v: each %s, paired %t", c, period, paired)
		}
	}
}

// beginnings walks rounds that take so long, and returns the seconds in which they begin.
func beginnings(r *rounds, took, until float64) (all []float64) {
	type running struct{ began, ends float64 }
	var open []running
	for ms := 0; ms <= int(until*1000); ms += 100 {
		now := float64(ms) / 1000
		for len(open) > 0 && open[0].ends <= now {
			r.ended(after(now), after(open[0].began))
			open = open[1:]
		}
		if r.due(after(now)) {
			all = append(all, now)
			open = append(open, running{now, now + took})
		}
	}
	return all
}

func TestRoundsBeginInTime(t *testing.T) {
	for name, c := range map[string]struct {
		interval, took, until float64
		want                  []float64
	}{
		"a pair at the start, then single": {4, 0.1, 25, []float64{0, 3, 5, 10, 12, 17, 22, 24}},
		"pairs where the interval is long": {20, 0.1, 45, []float64{0, 3, 20, 23, 40, 43}},
		"a slow round is not overtaken":    {4, 6, 20, []float64{0, 3, 9, 15}},
	} {
		r := rounds{interval: after(c.interval).Sub(begin), perSec: 500}
		r.soon(begin)
		got := beginnings(&r, c.took, c.until)
		if len(got) != len(c.want) {
			t.Errorf("%s: at %v, want %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: at %v, want %v", name, got, c.want)
				break
			}
		}
	}
}

func TestRoundsThatEventsAskForDoNotStorm(t *testing.T) {
	r := rounds{interval: 5 * time.Second, perSec: 500}
	began := 0
	for ms := range 10_000 {
		now := begin.Add(time.Duration(ms) * time.Millisecond)
		r.soon(now)
		if r.due(now) {
			began++
			r.ended(now, now)
		}
	}
	if began > 11 {
		t.Errorf("%d rounds in 10 s", began)
	}
}

func TestBudgetAllowsABurstOfOneSecondAndThenItsRate(t *testing.T) {
	b := budget{perSec: 100}
	taken := 0
	for now := begin; now.Before(after(5)); {
		ready, ok := b.take(now)
		switch {
		case ok:
			taken++
		case !ready.After(now):
			t.Fatalf("ready at once, after %d looks", taken)
		default:
			now = ready
		}
	}
	if taken < 595 || taken > 600 {
		t.Errorf("%d looks in 5 s of 100 a second, want a burst of 100 and 500", taken)
	}
}

func TestDemandCountsOnlyLimitsThatRoundsDoNotMeet(t *testing.T) {
	single := rounds{interval: 5 * time.Second, perSec: 500, listed: 100}
	paired := rounds{interval: 5 * time.Second, perSec: 500, listed: 10000, took: time.Second}
	for _, c := range []struct {
		r     *rounds
		limit time.Duration
		some  bool
	}{
		{&single, 5 * time.Second, true},
		{&single, 9875 * time.Millisecond, false},
		{&paired, 40 * time.Second, true},
		{&paired, 48 * time.Second, false},
	} {
		if got := c.r.demand(c.limit); (got > 0) != c.some {
			t.Errorf("limit %s: %v looks a second", c.limit, got)
		}
	}
}
