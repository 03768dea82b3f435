package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// sameBothWays watches what make makes twice, in passing and the long way, and holds each step of the one against the other's.
func sameBothWays(t *testing.T, to float64, rules []pipeline.Rule, make func() *world) (calm int) {
	t.Helper()
	if racing {
		to /= 3 // beyond the first turn of each history
	}
	var stories [2][]string
	for way := range stories {
		w := make()
		if rules != nil {
			w.opt.Rules = rules
		}
		w.opt.Origins = w.origin != nil
		w.start(0, nil, nil)
		if way == 1 {
			pipeline.KeepOpen(w.watch)
		}
		told := 0
		w.watching = func(now time.Time) {
			if way == 0 {
				n, _ := pipeline.Calm(w.watch)
				calm += n
			}
			stories[way] = append(stories[way], fmt.Sprint(since(now), " next ", since(w.watch.Next()), " tells ", document(w.changes[told:]), " shows ", document(linksOn(w.board)), " knows ", pipeline.Known(w.watch)))
			told = len(w.changes)
		}
		w.run(0, to)
	}
	n := 0
	for n < min(len(stories[0]), len(stories[1])) && stories[0][n] == stories[1][n] {
		n++
	}
	if n < len(stories[0]) && n < len(stories[1]) {
		p, o := apart(stories[0][n], stories[1][n])
		t.Fatalf("step %d\nin passing:   %s\nthe long way: %s", n, p, o)
	}
	if !slices.Equal(stories[0], stories[1]) {
		t.Fatal("more steps in one")
	}
	return calm
}

// headlessOrigin is an origin that was seen with a leader, and from some time on answers without one.
func headlessOrigin(from float64) func(pipeline.OriginKey, bool, time.Time) (pipeline.OriginView, time.Duration) {
	return func(key pipeline.OriginKey, _ bool, now time.Time) (pipeline.OriginView, time.Duration) {
		const delay = 30 * time.Millisecond
		v := pipeline.OriginView{Key: key, Path: pipeline.PathOwn, Asked: now, At: now.Add(delay), ServerTime: now, Created: epoch.Add(-time.Hour), Leader: "o1"}
		v.State = fiveMessages()
		if !now.Before(at(from)) {
			v.Leader = ""
		}
		return v, delay
	}
}

// fiveMessages is the state of a stream, or of its origin, that takes in nothing.
func fiveMessages() pipeline.StreamState {
	return pipeline.StreamState{FirstSeq: 1, LastSeq: 5, Messages: 5, LastTime: epoch}
}

func still(_ time.Time, s *pipeline.Sample) { s.State = fiveMessages() }

func TestPassKeepsTheViewThatALinkRestsOn(t *testing.T) {
	sameBothWays(t, 200, nil, func() *world {
		w := newWorld(t, &mirror{key: key("A"), limit: secs(60), edit: still})
		w.opt.Interval, w.origin = 2*time.Second, headlessOrigin(30)
		return w
	})
}

// The failover is "ready" for as long as an origin that lost its leader was not seen for 20 s.
func TestAnOriginWithoutALeaderIsNotShownAsSeenForEver(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(60), edit: still})
	w.opt.Interval, w.opt.Origins, w.origin = time.Second, true, headlessOrigin(30)
	w.run(0, 600)
	r := w.link(key("A"))
	if r.Risk.Failover != pipeline.FailoverUnknown || r.Risk.AsOf.After(at(31)) {
		t.Errorf("the failover is %q as of %s; the origin had its leader until 0:30", r.Risk.Failover, since(r.Risk.AsOf))
	}
}

// A source of which the server does not tell the position (before 2.15), whose stream grows.
func TestPassOfASourceWithoutPositionThatGrows(t *testing.T) {
	sameBothWays(t, 120, nil, func() *world {
		w := newWorld(t, &mirror{key: key("A"), limit: secs(60), source: true, edit: func(now time.Time, s *pipeline.Sample) {
			s.State.LastSeq = uint64(max(0, now.Sub(at(40))/time.Second))
			s.Links[0].Seq = 0
		}})
		return w
	})
}

// A source of which the position was told, and is not any more: another leader runs an older server.
func TestPassOfASourceWhosePositionIsNotToldAnyMore(t *testing.T) {
	sameBothWays(t, 120, nil, func() *world {
		w := newWorld(t, &mirror{key: key("A"), limit: secs(60), source: true, data: true, leaders: []time.Time{at(40)}, edit: func(now time.Time, s *pipeline.Sample) {
			if !now.Before(at(40)) {
				s.Links[0].Seq = 0
			}
		}})
		return w
	})
}

// lateRule changes its mind about a stream at a time, as Due says.
type lateRule struct{ due time.Time }

func (r lateRule) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil || v.Stream.Whole == nil {
		return
	}
	verdict := pipeline.Verdict{Rule: "late", Subject: pipeline.Subject{StreamKey: v.Stream.Key}, Evidence: v.Stream.Whole.At, Due: r.due}
	if !now.Before(r.due) {
		verdict.Level, verdict.Due = pipeline.Critical, time.Time{}
	}
	emit(verdict)
}

func TestPassHonoursADueBehindTheDeadlines(t *testing.T) {
	sameBothWays(t, 200, append(allRules(), lateRule{at(150)}), func() *world {
		return newWorld(t, &mirror{key: key("A"), limit: secs(60)})
	})
}
