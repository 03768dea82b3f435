package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
)

// history feeds random samples and views, and keeps what is true of them.
type history struct {
	*feed
	t       *rapid.T
	seconds float64
	kind    pipeline.Kind
	filter  string
	start   uint64
	pos     uint64
	end     uint64  // the origin's last sequence
	born    float64 // the origin's
	seen    *pipeline.OriginView
	proven  map[string]bool      // by rule: what ends an incident was seen since what its newest critical verdict rests on
	rests   map[string]time.Time // by rule: what that rests on
}

func newHistory(t *rapid.T) *history {
	h := &history{feed: newFeed(), t: t, proven: map[string]bool{}, rests: map[string]time.Time{}}
	h.stream.Policy.LagCritical = pipeline.Some(uint64(100))
	h.kind = rapid.SampledFrom([]pipeline.Kind{pipeline.KindMirror, pipeline.KindMirror, pipeline.KindSource}).Draw(t, "kind")
	h.filter = rapid.SampledFrom([]string{"", "", "", ">", "eu.>"}).Draw(t, "filter")
	h.start = rapid.SampledFrom([]uint64{0, 0, 1, 120}).Draw(t, "start")
	h.pos = rapid.Uint64Range(0, 100).Draw(t, "position")
	h.end = h.pos
	return h
}

// step lets time pass, and something be seen. Steps are the newest messages that each end may take in meanwhile.
func (h *history) step(rises []int) {
	h.seconds += rapid.Float64Range(0.1, 9).Draw(h.t, "wait")
	switch rapid.SampledFrom([]string{"look", "look", "look", "origin", "origin", "fail"}).Draw(h.t, "what") {
	case "look":
		before := h.pos
		h.pos = uint64(max(0, int(h.pos)+rapid.SampledFrom(rises).Draw(h.t, "rise")))
		h.lookAround()
		h.copied(h.pos > before)
	case "origin":
		h.end = uint64(max(0, int(h.end)+rapid.SampledFrom([]int{0, 0, 1, 20, 200, -50}).Draw(h.t, "origin rise")))
		h.lookBehind()
	case "fail":
		h.fail(h.seconds, rapid.SampledFrom([]pipeline.FaultKind{pipeline.FaultNoAnswer, pipeline.FaultOffline}).Draw(h.t, "fault"))
	}
}

func (h *history) lookAround() {
	born := mirrorBorn
	if rapid.IntRange(0, 40).Draw(h.t, "mirror anew") == 7 {
		born = at(h.seconds)
	}
	leaders := append(slices.Repeat([]string{"a"}, 30), "b", "")
	actives := append(slices.Repeat([]time.Duration{100 * time.Millisecond}, 30), time.Second, 20*time.Second, -1)
	h.look(h.seconds, h.pos, func(s *pipeline.Sample, l *pipeline.LinkSample) {
		s.Created = born
		s.Leader = rapid.SampledFrom(leaders).Draw(h.t, "leader")
		l.Kind, l.Filter, l.StartSeq, l.Seq = h.kind, h.filter, h.start, h.pos
		l.Reported = s.Leader != ""
		l.Lag = rapid.SampledFrom([]uint64{0, 0, 5, 40, 150}).Draw(h.t, "lag")
		l.Active = rapid.SampledFrom(actives).Draw(h.t, "active")
		if rapid.IntRange(0, 5).Draw(h.t, "flow") == 3 {
			stallFlow(s, l)
		}
	})
}

func (h *history) lookBehind() {
	if rapid.IntRange(0, 30).Draw(h.t, "origin anew") == 7 {
		h.born = h.seconds
	}
	h.origin(h.seconds, h.end, func(v *pipeline.OriginView) {
		if h.born > 0 {
			v.Created = at(h.born)
		}
		v.Leader = rapid.SampledFrom([]string{"o", "o", "o", "o", ""}).Draw(h.t, "leader")
		v.Path = rapid.SampledFrom([]string{pipeline.PathOwn, pipeline.PathOwn, pipeline.PathOwn, "primary"}).Draw(h.t, "path")
		if rapid.IntRange(0, 5).Draw(h.t, "unseen") == 3 {
			*v = pipeline.OriginView{Asked: v.Asked, At: v.At, Fault: pipeline.Fault{Kind: pipeline.FaultNoResponders}}
			return
		}
		if rapid.IntRange(0, 5).Draw(h.t, "purged") == 3 {
			v.State.FirstSeq, v.State.Messages = h.end+1, 0
		}
		v.State.Deleted = rapid.SampledFrom([]uint64{0, 0, 3, 500}).Draw(h.t, "deleted")
		if v.Leader != "" { // without one, whoever answers may not know all
			h.seen, h.proven[pipeline.RuleDiverged] = v, true
			h.copied(false)
		}
	})
}

// level tells whether the origin, as seen newest, has nothing that is to be copied.
func (h *history) level() bool {
	if h.seen == nil || h.filter == "eu.>" {
		return false
	}
	s := h.seen.State
	return s.Messages == 0 || s.LastSeq <= max(h.pos, h.start, s.FirstSeq-1)
}

// copied notes that data moved, or that nothing is left to copy.
func (h *history) copied(moved bool) {
	if moved || h.level() {
		h.proven[pipeline.RuleNotCopying], h.proven[pipeline.RuleLag] = true, true
	}
}

// judged checks what the step brought.
func (h *history) judged(told int) {
	for _, told := range h.told[told:] {
		rule, change, _ := strings.Cut(told, " ")
		if strings.HasPrefix(change, string(pipeline.Resolved)) && !h.proven[rule] {
			h.t.Fatalf("%s at %.2f s without proof", told, h.seconds)
		}
	}
	for rule, v := range h.last {
		if v.Level == pipeline.Critical && v.Evidence.After(h.rests[rule]) {
			h.proven[rule], h.rests[rule] = false, v.Evidence
		}
	}
}

func TestNothingResolvesWithoutProof(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			told := len(h.told)
			h.step([]int{0, 0, 0, 0, 0, 1, 30, -3})
			h.judged(told)
		}
	})
}

func TestALinkWhosePositionRisesIsNeverCalledStalled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			h.step([]int{1, 2, 30})
			if v := h.last[pipeline.RuleNotCopying]; v.Level == pipeline.Critical {
				t.Fatalf("at %.2f s: %+v", h.seconds, fmt.Sprint(v))
			}
		}
	})
}
