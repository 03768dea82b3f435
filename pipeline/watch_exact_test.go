package pipeline_test

import (
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// exacting is a world of one mirror that copied 10 messages. From a second on, its origin has five more that were deleted unsent. An answer about
// the origin takes so long; told is which exact questions and plain ones are answered.
func exacting(t *testing.T, from, interval, limit float64, took time.Duration, answered func(exact bool) bool) *world {
	m := &mirror{key: key("M"), limit: secs(limit), delay: secs(0.01), edit: func(now time.Time, s *pipeline.Sample) {
		s.State = pipeline.StreamState{FirstSeq: 1, LastSeq: 5, Messages: 5, LastTime: epoch}
		if !now.Before(at(from - 0.5)) {
			s.State.LastSeq, s.State.Messages = 10, 10
		}
	}}
	w := newWorld(t, m)
	w.opt.Origins, w.opt.Interval = true, secs(interval)
	w.origin = func(k pipeline.OriginKey, exact bool, now time.Time) (pipeline.OriginView, time.Duration) {
		v := pipeline.OriginView{Key: k, Path: pipeline.PathOwn, Asked: now, At: now.Add(took), ServerTime: now, Created: epoch.Add(-time.Hour), Leader: "A"}
		if !answered(exact) {
			v.Fault.Kind = pipeline.FaultNoAnswer
			return v, took
		}
		v.State = pipeline.StreamState{FirstSeq: 1, LastSeq: 5, Messages: 5, LastTime: epoch}
		if !now.Before(at(from - 0.5)) {
			v.State.LastSeq, v.State.Messages = 10, 10
		}
		if !now.Before(at(from)) {
			v.State.LastSeq, v.State.Deleted = 15, 5
			if exact {
				v.Newest = 10
			}
		}
		return v, took
	}
	return w
}

// Looks before a deadline ask about the stream and its origin together: the stream's answer, which shows that it matters what is deleted, is there
// first.
func TestAnExactQuestionFollowsAPlainOneAtOnce(t *testing.T) {
	for _, took := range []time.Duration{20 * time.Millisecond, 300 * time.Millisecond, time.Second} {
		for _, interval := range []float64{5, 10, 20, 30} {
			for _, limit := range []float64{0, 8, 10, 15, 20} {
				for from := 60.0; from < 80; from += 0.7 * shrunk {
					w := exacting(t, from, interval, limit, took, func(bool) bool { return true })
					w.run(0, from+60)
					for _, c := range w.changes {
						t.Errorf("an answer takes %s, interval %v, limit %v, deleted at %.1f: %s %s at %s", took, interval, limit, from, c.Kind, c.Incident.Rule, since(c.At))
					}
				}
			}
		}
	}
}

func TestWhereExactQuestionsAreNotAnsweredPlainOnesGoOn(t *testing.T) {
	var plain, exact int
	w := exacting(t, 60, 5, 0, 20*time.Millisecond, func(e bool) bool {
		if e {
			exact++
		} else if exact > 0 {
			plain++
		}
		return !e
	})
	w.run(0, 300)
	if exact == 0 || plain < exact-1 {
		t.Errorf("%d exact questions, then %d plain ones", exact, plain)
	}
}
