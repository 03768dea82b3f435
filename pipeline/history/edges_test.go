package history_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/history"
)

// A day until 100, an hour from then on: what was silent since 90 is over the limit from 100 on.
func TestAShorterLimitReachesNotIntoTheTimeBefore(t *testing.T) {
	var a audit
	before := record("A", 24*time.Hour)
	a.event(pipeline.Event{At: at(100), Kind: pipeline.EventLimits, Stream: &before})
	one := silent("one", link("A"), 90)
	one.Opened = at(100)
	a.opens(one)
	a.told("one", at(100).Add(time.Second))
	a.ends(one, 105)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 744/744: 1 over 5 (5) dark 15 (15) still 0 blind 0 down 0 risk - tell 1s untold 0 silenced 0 open false: 99.328")
}

// A limit of twelve hours until 100 was passed at 92, before that of an hour came; the incident opened at 92 all the same.
func TestALimitThatWasPassedCountsFromThenOn(t *testing.T) {
	var a audit
	one := silent("one", link("A"), 80)
	one.Opened, one.Limit = at(92), 12*3600
	a.opens(one)
	before := record("A", 12*time.Hour)
	a.event(pipeline.Event{At: at(100), Kind: pipeline.EventLimits, Stream: &before})
	a.ends(one, 102)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 744/744: 1 over 10 (10) dark 22 (22) still 0 blind 0 down 0 risk - tell - untold 1 silenced 0 open false: 98.6559")
}

// The last moment of February is the first one of March: each violation counts in one month, or in those that it lasts in.
func TestAViolationThatEndsAsTheMonthBeginsIsOfTheMonthBefore(t *testing.T) {
	var a audit
	before, after := silent("before", link("A"), -10), silent("after", link("A"), 743)
	a.opens(before)
	a.ends(before, 0)
	a.opens(after)
	a.ends(after, 745)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 744/744: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 0 risk - tell - untold 0 silenced 0 open false: 100")
}

// The agent ended at 10 and came back at 30, with a file that was copied at 29.
func TestACopiedFileHidesNoTimeWithoutAnAgent(t *testing.T) {
	var a audit
	a.event(pipeline.Event{At: at(-5), Kind: pipeline.EventStarted})
	a.event(pipeline.Event{At: at(10), Kind: pipeline.EventStopped})
	a.event(pipeline.Event{At: at(30), Kind: pipeline.EventStarted, Last: at(29)})
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 744/744: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 19 risk - tell - untold 0 silenced 0 open false: 97.4462")
}

// From 10 to 20 it started each half hour and was gone 5 s later: nothing was proven, though no time without it was longer
// than the limit.
func TestAnAgentThatDiesAtEachStartProvesNothing(t *testing.T) {
	var a audit
	a.event(pipeline.Event{At: at(-5), Kind: pipeline.EventStarted})
	last := at(10)
	for hour := 10.5; hour <= 20; hour += 0.5 {
		a.event(pipeline.Event{At: at(hour), Kind: pipeline.EventStarted, Last: last})
		last = at(hour).Add(5 * time.Second)
	}
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 744/744: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 9 risk - tell - untold 0 silenced 0 open false: 98.7903")
}
