package pipeline_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// The agent's clock was an hour ahead when the journal was written.
func TestKeptTimesThatLieAheadCountFromNow(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), cut: cut(103.5, 900)}, &mirror{key: key("B"), limit: secs(30), cut: cut(103.5, 151)})
	subject := func(name string) pipeline.Subject {
		return pipeline.Subject{StreamKey: key(name), Kind: pipeline.KindMirror, Origin: "O"}
	}
	ahead := at(3600)
	var records []pipeline.StreamRecord
	for _, name := range []string{"A", "B"} {
		records = append(records, pipeline.StreamRecord{
			Key: key(name), First: ahead, Policy: pipeline.Policy{SeenCritical: pipeline.Some(secs(30))},
			Links: []pipeline.LinkRecord{{Subject: subject(name), First: ahead, Proof: ahead}},
		})
	}
	open := []pipeline.Incident{{
		ID: "mw-b", Rule: pipeline.RuleSeen, Subject: subject("B"), Level: pipeline.Critical, Opened: ahead, Since: ahead, Limit: 30,
		Reason: pipeline.ReasonSilent, Evidence: ahead, Changed: ahead, Told: ahead, Changes: 1,
	}}
	w.start(100, records, open)
	w.run(100, 200)
	w.wants(
		change{103, pipeline.Resolved, pipeline.RuleSeen, "B", pipeline.ReasonSilent},
		change{133, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
		change{133, pipeline.Opened, pipeline.RuleSeen, "B", pipeline.ReasonSilent},
		change{153.375, pipeline.Resolved, pipeline.RuleSeen, "B", pipeline.ReasonSilent},
	)
	if silent := w.changes[0].Silent; silent != secs(3) {
		t.Errorf("resolved after a silence of %s, want 3s, from the start on", silent)
	}
}

// What a clock that was ahead dated is no proof: nobody is covered by it, also where nothing answers about the stream.
func TestKeptProofThatLiesAheadCoversNobody(t *testing.T) {
	for _, proof := range []time.Time{{}, at(3600)} {
		w := newWorld(t, &mirror{key: key("A"), limit: secs(30), frozen: cut(0, 900)}, &mirror{key: key("B")})
		w.start(100, []pipeline.StreamRecord{{
			Key: key("A"), First: at(3600), Policy: pipeline.Policy{SeenCritical: pipeline.Some(secs(30))},
			Links: []pipeline.LinkRecord{{Subject: pipeline.Subject{StreamKey: key("A"), Kind: pipeline.KindMirror, Origin: "O"}, First: at(3600), Proof: proof}},
		}}, nil)
		w.run(100, 200)
		w.wants(change{130, pipeline.Opened, pipeline.RuleSeen, "A", string(pipeline.FaultNoAnswer)})
	}
}

var errListing = errors.New("list streams: 10004 no quorum")

func TestRoundsThatFailForEverAreTold(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30)}, &mirror{key: key("DEAD"), limit: secs(30), cut: cut(70.5, 900)})
	failing := func(from, to float64) func(time.Time) error {
		return func(now time.Time) error {
			if within(cut(from, to), now) {
				return errListing
			}
			return nil
		}
	}
	w.short = failing(61, 200)
	w.run(0, 260)
	w.wants(
		change{100, pipeline.Opened, pipeline.RuleSeen, "DEAD", pipeline.ReasonSilent},
		change{120, pipeline.Opened, pipeline.RuleUnobserved, "", pipeline.ReasonUnlisted},
		change{201.375, pipeline.Resolved, pipeline.RuleUnobserved, "", pipeline.ReasonUnlisted},
	)
	for _, c := range w.changes {
		if i := c.Incident; i.Rule == pipeline.RuleUnobserved && i.Detail != errListing.Error() {
			t.Errorf("%s with the detail %q", c.Kind, i.Detail)
		}
	}
}

// Such rounds list nobody: known streams are looked at by themselves, for their deadlines and for the end of their incidents.
func TestKnownStreamsAreJudgedWhileNothingIsListed(t *testing.T) {
	w := newWorld(t, &mirror{key: key("WELL"), limit: secs(30)}, &mirror{key: key("DEAD"), limit: secs(30), cut: cut(60.5, 141)},
		&mirror{key: key("DARK"), limit: secs(30), cut: cut(10.5, 101)})
	keys := w.keys
	w.run(0, 61)
	w.keys = nil
	w.short = func(time.Time) error { return errListing }
	w.run(61, 200)
	w.keys, w.short = keys, nil
	w.run(200, 230)
	w.wants(
		change{40, pipeline.Opened, pipeline.RuleSeen, "DARK", pipeline.ReasonSilent},
		change{90, pipeline.Opened, pipeline.RuleSeen, "DEAD", pipeline.ReasonSilent},
		change{104.375, pipeline.Resolved, pipeline.RuleSeen, "DARK", pipeline.ReasonSilent},
		change{120, pipeline.Opened, pipeline.RuleUnobserved, "", pipeline.ReasonUnlisted},
		change{145.5, pipeline.Resolved, pipeline.RuleSeen, "DEAD", pipeline.ReasonSilent},
		change{201.375, pipeline.Resolved, pipeline.RuleUnobserved, "", pipeline.ReasonUnlisted},
	)
}

func TestRoundThatFailsNowAndThenIsNothing(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30)})
	n := 0
	w.short = func(time.Time) error {
		if n++; n%4 != 0 {
			return errListing
		}
		return nil
	}
	w.run(0, 900)
	w.wants()
}

func TestSlowRoundsAreNothing(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(120)}, &mirror{key: key("SLOW"), delay: secs(45)})
	w.run(0, 900)
	w.wants()
}

func TestLeaderChangeNeverResolvesLag(t *testing.T) {
	position, lag := uint64(1000), uint64(500)
	a := &mirror{key: key("A"), leaders: []time.Time{at(61)}}
	a.edit = func(now time.Time, s *pipeline.Sample) {
		settings(s).Policy.LagCritical = pipeline.Some(uint64(100))
		s.State.LastSeq, s.Links[0].Lag = position, lag
		if !now.Before(at(61)) {
			s.Links[0].Lag = 0
		}
		if !now.Before(at(121)) {
			s.State.LastSeq++
		}
	}
	w := newWorld(t, a)
	w.run(0, 200)
	w.wants(
		change{0, pipeline.Opened, pipeline.RuleLag, "A", pipeline.ReasonLag},
		change{126.375, pipeline.Resolved, pipeline.RuleLag, "A", pipeline.ReasonLag},
	)
}

func TestLateListingBringsNoDeletedStreamBack(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(30), fault: []faulty{{cut(61, 9999)[0], pipeline.FaultNotFound}}}
	w := newWorld(t, a, &mirror{key: key("B")})
	late, _ := a.look(at(60.5))
	w.run(0, 80)
	late.At = at(80)
	w.watch.Observe(at(80), 0, &late)
	unseen := pipeline.Sample{Key: key("A"), Asked: at(60.5), At: at(80), Fault: pipeline.Fault{Kind: pipeline.FaultNoAnswer}}
	w.watch.Observe(at(80), 0, &unseen)
	if slices.ContainsFunc(w.watch.Drain(false).Streams, func(r pipeline.StreamRecord) bool { return r.Key == a.key }) {
		t.Error("a record of A is kept")
	}
	w.run(80, 500)
	w.wants(change{68.375, pipeline.Closed, pipeline.RuleSeen, "A", pipeline.ReasonDeleted})
	if n := len(linksOn(w.board)); n != 1 {
		t.Errorf("%d links on the board, want B alone", n)
	}
}

func TestStreamThatIsMadeAgainIsWatchedAgain(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30), fault: []faulty{{cut(61, 81)[0], pipeline.FaultNotFound}}, cut: cut(100.5, 900)})
	w.run(0, 200)
	w.wants(
		change{68.375, pipeline.Closed, pipeline.RuleSeen, "A", pipeline.ReasonDeleted},
		change{130, pipeline.Opened, pipeline.RuleSeen, "A", pipeline.ReasonSilent},
	)
}

// The machine was suspended for ten minutes, which the clock did not count.
func TestNothingIsJudgedOnProofsThatASuspendedMachineLeftYoung(t *testing.T) {
	a := &mirror{key: key("DEAD"), limit: secs(30)}
	frozen := &mirror{key: key("FROZEN"), limit: secs(30), frozen: cut(62, 900)}
	w := newWorld(t, a, frozen, &mirror{key: key("WELL"), limit: secs(30)}, &mirror{key: key("SHORT"), limit: secs(6)})
	w.run(0, 62)
	w.watch.Slept(at(62), 10*time.Minute)
	a.absent = cut(62, 900) // it lost its leader meanwhile: nothing certain is told
	w.watching = func(now time.Time) {
		for l := range w.board.Links() {
			if name := l.Subject.Stream; (name == "DEAD" || name == "FROZEN") && l.Proof.After(at(-530)) {
				t.Errorf("at %s %s counts as proven at %s", since(now), name, since(l.Proof))
			}
		}
	}
	w.run(62, 130)
	w.wants(
		change{72, pipeline.Opened, pipeline.RuleSeen, "DEAD", pipeline.ReasonNoLeader},
		change{72, pipeline.Opened, pipeline.RuleLeaderless, "DEAD", pipeline.ReasonNoGroup},
		change{72, pipeline.Opened, pipeline.RuleSeen, "FROZEN", string(pipeline.FaultNoAnswer)},
	)
}

func TestReasonThatComesAndGoesIsToldLessAndLess(t *testing.T) {
	a := &mirror{key: key("A"), limit: secs(30), cut: cut(10.5, 99999)}
	a.edit = func(now time.Time, s *pipeline.Sample) {
		if now.Unix()/5%2 == 0 {
			s.Links[0].Error, s.Links[0].ErrCode = "stream not found", 10059
		}
	}
	w := newWorld(t, a)
	w.run(0, 3600)
	last, want := time.Time{}, 10*time.Second
	for _, c := range w.changes {
		if c.Kind == pipeline.Updated {
			if apart := c.At.Sub(last); apart < want || apart > want+10*time.Second {
				t.Errorf("told %s after the change before, want %s", apart, want)
			}
			want = min(2*want, 10*time.Minute)
		}
		last = c.At
	}
	if n := len(w.changes); n != 11 {
		t.Errorf("%d changes in an hour, want 11", n)
	}
}

func TestClocksThatDifferAreToldOnce(t *testing.T) {
	for _, skew := range []float64{2.5, -2.5, 7200} {
		mirrors := many(3, 30)
		for _, m := range mirrors {
			m.frozen = cut(90.5, 130.5) // blind rounds tell nothing of clocks
			m.edit = func(now time.Time, s *pipeline.Sample) {
				if within(cut(61, 181), now) {
					s.ServerTime = s.ServerTime.Add(secs(skew))
				}
			}
		}
		w := newWorld(t, mirrors...)
		w.run(0, 240)
		var got []string
		for _, c := range w.changes {
			if c.Incident.Rule != pipeline.RuleUnobserved {
				got = append(got, fmt.Sprint(since(c.At), " ", c.Kind, " ", c.Incident.Rule, " ", c.Incident.Reason, c.Incident.Subject.Stream))
			}
		}
		want := "[1m6.3752s opened policy " + pipeline.ReasonSkew + " 3m5.1252s resolved policy " + pipeline.ReasonSkew + "]"
		if fmt.Sprint(got) != want {
			t.Errorf("skew of %v s:\n%v, want\n%s", skew, got, want)
		}
	}
}

func TestSlowAnswersAreNoSkew(t *testing.T) {
	for _, early := range []float64{0, 0.25, 1} { // ts lies anywhere between question and answer
		mirrors := many(3, 60)
		for _, m := range mirrors {
			m.delay, m.early = secs(4), early
		}
		w := newWorld(t, mirrors...)
		w.run(0, 120)
		w.wants()
	}
}
