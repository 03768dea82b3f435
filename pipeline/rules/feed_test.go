package rules_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/rules"
)

// feed lets the rules on copying judge a mirror after each sample of it and each view of its origin, as a watch does.
type feed struct {
	now      time.Time
	stream   pipeline.StreamView
	proof    pipeline.Proof
	progress pipeline.Progress
	tracker  *pipeline.Tracker
	told     []string // "not-copying opened: in contact, and copies nothing"
	last     map[string]pipeline.Verdict
}

func at(seconds float64) time.Time { return ago(3600 - seconds) }

var (
	mirrorBorn = ago(86400)
	originBorn = ago(2 * 86400)
)

func newFeed() *feed {
	key := pipeline.StreamKey{Connection: "dr", Stream: "M"}
	return &feed{
		stream: pipeline.StreamView{Key: key, First: at(0), Links: []pipeline.LinkView{{
			Subject: pipeline.Subject{StreamKey: key, Kind: pipeline.KindMirror, Origin: "O"}, First: at(0),
		}}},
		tracker: pipeline.NewTracker(nil, nil), last: map[string]pipeline.Verdict{},
	}
}

// stamp is when the origin's message of a sequence was stored.
func stamp(seq uint64) time.Time { return originBorn.Add(time.Duration(seq) * time.Millisecond) }

// look feeds a sample of a mirror that holds everything up to a position, and is in contact unless edited.
func (f *feed) look(seconds float64, pos uint64, edits ...func(s *pipeline.Sample, l *pipeline.LinkSample)) {
	s := &pipeline.Sample{
		Key: f.stream.Key, Asked: at(seconds), At: at(seconds + 0.05), ServerTime: at(seconds + 0.05), Created: mirrorBorn, Leader: "a",
		State: pipeline.StreamState{Messages: pos, FirstSeq: min(pos, 1), LastSeq: pos, LastTime: stamp(pos)},
	}
	l := pipeline.LinkSample{Kind: pipeline.KindMirror, Origin: "O", Reported: true, Active: 100 * time.Millisecond}
	for _, edit := range edits {
		edit(s, &l)
	}
	s.Links = []pipeline.LinkSample{l}
	f.stream.Links[0].Subject = l.Subject(f.stream.Key)
	f.proof.Observe(s, &l)
	f.progress.Observe(s, &l, f.proof.Contact())
	f.stream.Whole, f.stream.Fault, f.stream.Links[0].Sample = s, pipeline.Fault{}, l
	f.judge(s.At)
}

// fail feeds a look that saw nothing.
func (f *feed) fail(seconds float64, kind pipeline.FaultKind) {
	f.stream.Fault.Kind = kind
	f.judge(at(seconds))
}

// origin feeds a view of an origin that holds everything up to its last sequence.
func (f *feed) origin(seconds float64, last uint64, edits ...func(v *pipeline.OriginView)) {
	v := &pipeline.OriginView{
		Path: pipeline.PathOwn, Asked: at(seconds), At: at(seconds + 0.05), ServerTime: at(seconds + 0.05), Created: originBorn, Leader: "o",
		State: pipeline.StreamState{Messages: last, FirstSeq: min(last, 1), LastSeq: last, LastTime: stamp(last)},
	}
	for _, edit := range edits {
		edit(v)
	}
	l := &f.stream.Links[0]
	if l.Unseen = v.Fault; v.Fault.Kind == pipeline.FaultNone {
		l.Origin, l.UnseenFor = v, time.Time{}
	} else if l.UnseenFor.IsZero() {
		l.UnseenFor = v.At
	}
	f.progress.ObserveOrigin(v)
	f.judge(v.At)
}

func (f *feed) view() *pipeline.View {
	l := &f.stream.Links[0]
	l.Proof, l.Bound, l.Moved = f.proof.Contact(), f.proof.Bound(), f.proof.Moved()
	l.Progress, l.Risk, l.Unverified = f.progress, f.progress.Risk(f.now, &l.Sample, 20*time.Second), f.progress.Unverified(f.now, time.Minute)
	return &pipeline.View{Stream: &f.stream}
}

func (f *feed) judge(now time.Time) {
	f.now = now
	for _, r := range []pipeline.Rule{rules.NotCopying{}, rules.Diverged{}, rules.Lag{}} {
		r.Judge(now, f.view(), func(v pipeline.Verdict) {
			f.last[v.Rule] = v
			if c, changed := f.tracker.Judge(now, v); changed {
				f.told = append(f.told, fmt.Sprintf("%s %s: %s", v.Rule, c.Kind, c.Incident.Reason))
			}
		})
	}
}

func (f *feed) wants(t *testing.T, what string, told ...string) {
	t.Helper()
	if !slices.Equal(f.told, told) {
		t.Errorf("%s: told %q, want %q", what, f.told, told)
	}
}

// looks feeds samples of a mirror that stands, one each 3 s.
func (f *feed) looks(from, to float64, pos uint64, edits ...func(s *pipeline.Sample, l *pipeline.LinkSample)) {
	for s := from; s <= to; s += 3 {
		f.look(s, pos, edits...)
	}
}

func filtered(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Filter = "orders.eu.>" }

func silent(since float64) func(s *pipeline.Sample, l *pipeline.LinkSample) {
	return func(s *pipeline.Sample, l *pipeline.LinkSample) { l.Active = s.ServerTime.Sub(at(since)) }
}

func lag(n uint64) func(s *pipeline.Sample, l *pipeline.LinkSample) {
	return func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Lag = n }
}

func stallFlow(_ *pipeline.Sample, l *pipeline.LinkSample) {
	l.Error, l.ErrCode = "stream source consumer stalled on flow control", 10228
}

// source makes the link a source that was consumed up to a sequence.
func source(seq uint64) func(s *pipeline.Sample, l *pipeline.LinkSample) {
	return func(_ *pipeline.Sample, l *pipeline.LinkSample) { l.Kind, l.Seq = pipeline.KindSource, seq }
}

func led(leader string) func(s *pipeline.Sample, l *pipeline.LinkSample) {
	return func(s *pipeline.Sample, _ *pipeline.LinkSample) { s.Leader = leader }
}

func state(first, messages, deleted uint64) func(v *pipeline.OriginView) {
	return func(v *pipeline.OriginView) {
		v.State.FirstSeq, v.State.Messages, v.State.Deleted = first, messages, deleted
	}
}

func reborn(seconds float64) func(v *pipeline.OriginView) {
	return func(v *pipeline.OriginView) { v.Created = at(seconds) }
}
