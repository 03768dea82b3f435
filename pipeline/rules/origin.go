package rules

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// This file holds what rules say of a link's origin.

// clock writes a time for people, as risks do.
func clock(t time.Time) string { return t.UTC().Format("15:04:05 MST") }

// missing is how many messages a link lacks: the reported lag, or what the origin's view shows, the larger.
func missing(l *pipeline.LinkView) uint64 {
	n, told := l.Progress.Missing()
	if !told {
		return l.Sample.Lag
	}
	return max(n, l.Sample.Lag)
}

// copied is when the link was newest proven to copy: data moved, or nothing was left to copy. Zero: neither was seen.
func copied(l *pipeline.LinkView) time.Time {
	return later(l.Moved, l.Progress.Even())
}

// originSide says whether the origin moved on while the link was silent; empty where nobody asks about it.
func originSide(s *pipeline.StreamView, l *pipeline.LinkView) string {
	o := l.Origin
	switch n, told := l.Progress.Missing(); {
	case o == nil && l.Unseen.Kind == pipeline.FaultNone:
		return ""
	case o == nil:
		return "the origin was not seen since the agent started: " + l.Unseen.String()
	case !l.UnseenFor.IsZero():
		return fmt.Sprintf("the origin was not seen since %s: %s", clock(o.At), l.Unseen)
	case l.Progress.Divergence().Kind == pipeline.Recreated:
		return pipeline.ReasonRecreated
	case l.Progress.Divergence().Kind == pipeline.Restored:
		return pipeline.ReasonRestored
	case l.Progress.Even().Equal(o.At) && o.At.Before(l.Since()):
		return fmt.Sprintf("the origin had nothing new at %s", clock(o.At))
	case l.Progress.Even().Equal(o.At):
		return "the origin has nothing new"
	case told && n > 0 && s.Fault.Kind == pipeline.FaultNone:
		return fmt.Sprintf("the origin has %d messages more", n)
	}
	return fmt.Sprintf("the origin answers; its last sequence is %d", o.State.LastSeq)
}

// join puts two details into one; either may be empty.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// unseen says why the stream is not seen whole now; empty: it is.
func unseen(s *pipeline.StreamView) (reason, detail string) {
	switch {
	case s.Blind != "":
		return pipeline.ReasonBlind, s.Blind
	case s.Fault.Kind != pipeline.FaultNone:
		return string(s.Fault.Kind), s.Fault.Text
	case s.Whole == nil:
		return pipeline.ReasonStarting, ""
	}
	return "", ""
}
