package history_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/history"
)

func TestALinkWithoutIncidentsKeptItsLimit(t *testing.T) {
	r := report(t, nil, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 744/744: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 0 risk - tell - untold 0 silenced 0 open false: 100")
	if !r.Complete || !r.Since.Equal(from) || !r.To.Equal(to) {
		t.Errorf("%+v", r)
	}
}

// Silent 100–110 and, as another incident of a source of the stream as a whole, 105–115: over the limit 101–115, once.
func TestOverlappingIncidentsCountOnce(t *testing.T) {
	var a audit
	one := silent("one", link("A"), 100)
	two := silent("two", pipeline.Subject{StreamKey: link("A").StreamKey}, 105)
	a.opens(one)
	a.opens(two)
	a.told("one", at(101).Add(3*time.Second))
	a.told("two", at(106).Add(8*time.Second))
	a.ends(one, 110)
	a.ends(two, 115)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	// 14 of 744 hours
	expect(t, r, "limit 1 of 744/744: 2 over 14 (14) dark 15 (10) still 0 blind 0 down 0 risk - tell 8s untold 0 silenced 0 open false: 98.1183")
}

// One lasts since February until 10 o'clock, one begins at 740 and lasts on; nobody was told of the second.
func TestIncidentsCountWithinTheMonthOnly(t *testing.T) {
	var a audit
	early, late := silent("early", link("A"), -20), silent("late", link("A"), 739)
	early.Risk = pipeline.Risk{Messages: 7, Verified: true}
	a.opens(early)
	a.told("early", at(-19).Add(time.Second))
	early.Risk.Messages, early.Changes = 90, 1
	a.change(pipeline.Updated, at(-10), early)
	early.Risk = pipeline.Risk{Messages: 50, AtLeast: true}
	a.ends(early, 10)
	a.opens(late)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	// over 0–10 and 740–744, dark 0–10 and 739–744, the longest since -20
	expect(t, r, "limit 1 of 744/744: 2 over 14 (10) dark 15 (30) still 0 blind 0 down 0 risk 90 false tell 1s untold 1 silenced 0 open true: 98.1183")
}

// In the middle of the month everything is measured until now; what no record tells of is in the state.
func TestAnOpenIncidentCountsUntilNow(t *testing.T) {
	open := silent("open", link("A"), 90)
	open.Risk, open.Changed = pipeline.Risk{Messages: 5, AtLeast: true}, at(91)
	r := report(t, nil, history.Query{
		Streams: []pipeline.StreamRecord{record("A", time.Hour)}, Open: []pipeline.Incident{open}, Now: at(100),
	})
	expect(t, r, "limit 1 of 100/100: 1 over 9 (9) dark 10 (10) still 0 blind 0 down 0 risk 5 true tell - untold 1 silenced 0 open true: 91")
	if !r.To.Equal(at(100)) {
		t.Errorf("to %s", r.To)
	}
}

func TestASilencedIncidentCountsAllTheSame(t *testing.T) {
	var a audit
	one := silent("one", link("A"), 100)
	a.opens(one)
	a.event(pipeline.Event{At: at(101), Kind: pipeline.EventWithheld, Receiver: "ops", Changes: []string{"one/1"}})
	a.ends(one, 111)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 744/744: 1 over 10 (10) dark 11 (11) still 0 blind 0 down 0 risk - tell - untold 1 silenced 1 open false: 98.6559")
}

// No limit until 244, two hours until 444, one hour from then on. What the link was silent before it had a limit is dark.
func TestALimitThatChangesCountsInItsTime(t *testing.T) {
	var a audit
	none, two := record("A", 0), record("A", 2*time.Hour)
	early := silent("early", link("A"), 10)
	early.Rule, early.Level = pipeline.RuleSeenDefault, pipeline.Warning
	a.opens(early)
	a.ends(early, 20)
	a.event(pipeline.Event{At: at(244), Kind: pipeline.EventLimits, Stream: &none})
	a.event(pipeline.Event{At: at(444), Kind: pipeline.EventLimits, Stream: &two})
	late := silent("late", link("A"), 500)
	a.opens(late)
	a.told("late", at(501).Add(time.Minute))
	a.ends(late, 506)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	// 5 of 500 hours
	expect(t, r, "limit 1 of 500/744: 1 over 5 (5) dark 16 (10) still 0 blind 0 down 0 risk - tell 1m0s untold 0 silenced 0 open false: 99")
	want := []history.Limit{
		{From: from, To: at(244)},
		{From: at(244), To: at(444), Limit: history.Seconds(2 * time.Hour)},
		{From: at(444), To: to, Limit: history.Seconds(time.Hour)},
	}
	if diff := cmp.Diff(want, r.Links[0].Limits); diff != "" {
		t.Error(diff)
	}
}

// The agent did not run for two hours: what it knew before was good for the first one. A link without a limit has no
// first one.
func TestTheTimeWithoutAnAgentIsNotOK(t *testing.T) {
	var a audit
	a.event(pipeline.Event{At: at(-5), Kind: pipeline.EventStarted})
	a.event(pipeline.Event{At: at(300), Kind: pipeline.EventStopped})
	a.event(pipeline.Event{At: at(302), Kind: pipeline.EventStarted, Last: at(300)})
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour), record("B", 0)}})
	expect(t, r,
		"limit 1 of 744/744: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 1 risk - tell - untold 0 silenced 0 open false: 99.8656",
		"limit 0 of 0/744: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 2 risk - tell - untold 0 silenced 0 open false: -")
	if r.AgentDown != history.Seconds(2*time.Hour) {
		t.Errorf("down %s", r.AgentDown)
	}
}

func TestAnAgentThatNeverCameBackProvesNothing(t *testing.T) {
	streams := []pipeline.StreamRecord{record("A", time.Hour)}
	streams[0].Links[0].Proof = at(643)
	var killed audit
	killed.event(pipeline.Event{At: at(-5), Kind: pipeline.EventStarted})
	const want = "limit 1 of 744/744: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 100 risk - tell - untold 0 silenced 0 open false: 86.5591"
	expect(t, report(t, killed, history.Query{Streams: streams, Stopped: true}), want)
	killed.event(pipeline.Event{At: at(643), Kind: pipeline.EventStopped})
	expect(t, report(t, killed, history.Query{Streams: streams}), want)
}

// The connection is blind 200–210; the link is silent 195–205 and copies nothing 220–223.
func TestABlindConnectionIsNotOK(t *testing.T) {
	var a audit
	blind := pipeline.Incident{
		ID: "blind", Rule: pipeline.RuleUnobserved, Subject: pipeline.Subject{StreamKey: pipeline.StreamKey{Connection: "dr"}}, Opened: at(200),
	}
	one, still := silent("one", link("A"), 195), silent("still", link("A"), 219)
	still.Rule, still.Since, still.Unit = pipeline.RuleNotCopying, time.Time{}, pipeline.UnitNone
	still.Risk = pipeline.Risk{Verified: true}
	other := blind
	other.ID, other.Subject.Connection = "other", "hub"
	a.opens(one)
	a.opens(other)
	a.opens(blind)
	a.ends(one, 205)
	a.ends(blind, 210)
	a.opens(still)
	a.ends(still, 223)
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	// 196–210 and 220–223: 17 of 744
	expect(t, r, "limit 1 of 744/744: 1 over 9 (9) dark 10 (10) still 3 blind 10 down 0 risk 0 false tell - untold 1 silenced 0 open false: 97.7151")
}

func TestWhatRetentionRemovedIsNotMeasured(t *testing.T) {
	var a audit
	a.event(pipeline.Event{At: at(-9), Kind: pipeline.EventStarted})
	a.event(pipeline.Event{At: at(344), Kind: pipeline.EventReloaded})
	a[0].Number, a[1].Number = 90, 100 // the first one is kept for an incident that is open
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	expect(t, r, "limit 1 of 400/400: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 0 risk - tell - untold 0 silenced 0 open false: 100")
	if r.Complete || !r.Since.Equal(at(344)) {
		t.Errorf("complete %v since %s", r.Complete, r.Since)
	}
}

// Watched 0–100; disabled, and gone at 300; there again with a default limit from 400 on.
func TestALinkCountsWhileItIsWatched(t *testing.T) {
	var a audit
	was, disabled, again := record("A", time.Hour), record("A", time.Hour), record("A", 0)
	disabled.Policy.Disabled = true
	again.First, again.Links[0].First = at(400), at(400)
	a.event(pipeline.Event{At: at(100), Kind: pipeline.EventLimits, Stream: &was})
	a.event(pipeline.Event{At: at(300), Kind: pipeline.EventUnwatched, Stream: &disabled})
	gone, never := record("GONE", time.Hour), record("OLD", time.Hour)
	a.event(pipeline.Event{At: at(44), Kind: pipeline.EventUnwatched, Stream: &gone})
	never.Policy.Disabled = true
	unseen := pipeline.StreamRecord{Key: link("UNSEEN").StreamKey, First: at(734), Policy: was.Policy}
	missing := silent("missing", pipeline.Subject{StreamKey: unseen.Key}, 734)
	a.opens(missing)
	r := report(t, a, history.Query{
		Streams:  []pipeline.StreamRecord{again, never, unseen},
		Defaults: func(string) pipeline.Policy { return pipeline.Policy{SeenCritical: pipeline.Some(3 * time.Hour)} },
	})
	expect(t, r,
		"limit 3 of 444/444: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 0 risk - tell - untold 0 silenced 0 open false: 100",
		"limit 1 of 44/44: 0 over 0 (0) dark 0 (0) still 0 blind 0 down 0 risk - tell - untold 0 silenced 0 open false: 100",
		"limit 1 of 10/10: 1 over 9 (9) dark 10 (10) still 0 blind 0 down 0 risk - tell - untold 1 silenced 0 open true: 10")
}

func TestAReportIsReadBackAsItWasWritten(t *testing.T) {
	var a audit
	one := silent("one", link("A"), 100)
	a.opens(one)
	a.told("one", at(101).Add(1500*time.Millisecond))
	r := report(t, a, history.Query{Streams: []pipeline.StreamRecord{record("A", time.Hour)}})
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back history.Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*r, back); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, text)
	}
}
