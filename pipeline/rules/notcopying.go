package rules

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// NotCopying is critical when a link is in contact and copies nothing, though its origin has more, or the server itself
// says so. It resolves only once data moved, or the origin was seen to have nothing more. Where copying cannot be held against
// the origin it says why.
type NotCopying struct{}

const (
	// stalledFor is for how long contact is proven before standing still is a stall: a healthy mirror in contact copies
	// within seconds. Views of origins come each 10 s, so the origin moved 20 s earlier at most.
	stalledFor = 8 * time.Second
	// flowStalledFor is less: the server has waited for 3 heartbeats before it says that flow control stalls.
	flowStalledFor = 3 * time.Second
)

// Judge implements pipeline.Rule.
func (NotCopying) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	for i := range v.Stream.Links {
		emit(judgeCopying(v.Stream, &v.Stream.Links[i]))
	}
}

func judgeCopying(s *pipeline.StreamView, l *pipeline.LinkView) pipeline.Verdict {
	v := pipeline.Verdict{
		Rule: pipeline.RuleNotCopying, Subject: l.Subject, Level: pipeline.Unknown, Since: l.Since(), Unit: pipeline.UnitMessages,
		Value: float64(missing(l)),
	}
	if v.Reason, v.Detail = unseen(s); v.Reason != "" {
		return v
	}
	if !l.Sample.Reported {
		v.Reason = pipeline.ReasonNoLeader
		return v
	}
	if stall, stalled := stalled(l); stalled {
		v.Level, v.Evidence = pipeline.Critical, s.Whole.At
		v.Reason, v.Detail = whyStalled(l, stall)
		return v
	}
	if since := l.Progress.Strayed(); !since.IsZero() {
		v.Level, v.Evidence = pipeline.Warning, s.Whole.At
		v.Reason, v.Detail = pipeline.ReasonStrayed, fmt.Sprintf("since %s or longer the origin takes in none of %s", clock(since), l.Subject.Filter)
		return v
	}
	v.Level, v.Evidence = pipeline.OK, later(copied(l), l.Progress.Fed())
	if why := l.Unverified; why != "" {
		v.Reason, v.Detail = pipeline.ReasonUnverified, why
	}
	return v
}

// stalled returns a stall that lasts for long enough.
func stalled(l *pipeline.LinkView) (pipeline.Stall, bool) {
	stall := l.Progress.Stall()
	switch {
	case stall.Kind == pipeline.StallNone || outdone(l, stall.Since):
		return stall, false
	case stall.Kind != pipeline.StallFlow:
		return stall, stall.For >= stalledFor
	case l.Sample.ErrCode == flowError:
		return stall, stall.For >= flowStalledFor
	}
	return stall, stall.For >= stalledFor && missing(l) > 0 // the server took it back, which it also does when it tries again
}

// flowError is the server's own error of a link whose flow control stalls.
const flowError = 10228

// outdone tells whether an origin that is seen was seen to have nothing more since the mirror's side began to say so.
func outdone(l *pipeline.LinkView, since time.Time) bool {
	n, told := l.Progress.Missing()
	return told && n == 0 && l.UnseenFor.IsZero() && !l.Progress.Even().Before(since)
}

func whyStalled(l *pipeline.LinkView, stall pipeline.Stall) (reason, detail string) {
	pos, _ := l.Progress.Position()
	stands := fmt.Sprintf("the mirror's stands at %d since %s or longer", pos, clock(stall.Since))
	if l.Subject.Kind == pipeline.KindSource {
		stands = fmt.Sprintf("what was copied of it stands at %d since %s or longer", pos, clock(stall.Since))
	}
	side := "the origin's last sequence is not known"
	if l.Origin != nil {
		side = fmt.Sprintf("the origin's last sequence is %d", l.Origin.State.LastSeq)
	}
	switch stall.Kind {
	case pipeline.StallFlow:
		return pipeline.ReasonFlowStalled, join(l.Sample.Error, side+", "+stands)
	case pipeline.StallLag:
		return pipeline.ReasonLagStalled, join(fmt.Sprintf("the reported lag rose to %d", l.Sample.Lag), side+", "+stands)
	}
	return pipeline.ReasonStalled, side + ", " + stands
}
