package rules

import (
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// Diverged is critical while a mirror is no copy of its origin any more: another stream has the origin's name, or the origin
// ends before its mirror does. Every other sign is that of health. It resolves only on a view of an origin that agrees.
type Diverged struct{}

// Judge implements pipeline.Rule.
func (Diverged) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	for i := range v.Stream.Links {
		emit(judgeDivergence(v.Stream, &v.Stream.Links[i]))
	}
}

func judgeDivergence(s *pipeline.StreamView, l *pipeline.LinkView) pipeline.Verdict {
	v := pipeline.Verdict{Rule: pipeline.RuleDiverged, Subject: l.Subject, Since: l.Since()}
	d := l.Progress.Divergence()
	if d.Kind == "" {
		if v.Evidence = l.Progress.Agreed(); v.Evidence.IsZero() {
			v.Level, v.Reason = pipeline.Unknown, pipeline.ReasonUnverified
		}
		return v
	}
	// Of all that was seen while it was there, nothing speaks for its end: not even the newest view, once the mirror is new.
	v.Level, v.Evidence = pipeline.Critical, d.Since
	if s.Whole != nil {
		v.Evidence = later(v.Evidence, s.Whole.At)
	}
	if l.Origin != nil {
		v.Evidence = later(v.Evidence, l.Origin.At)
	}
	v.Reason, v.Detail = whyDiverged(l, &d)
	return v
}

func whyDiverged(l *pipeline.LinkView, d *pipeline.Divergence) (reason, detail string) {
	copied := "the mirror's"
	if l.Subject.Kind == pipeline.KindSource {
		copied = "what was copied of it went up to"
	}
	ends := fmt.Sprintf("its last sequence was %d, %s %d", d.Last, copied, d.Position)
	if d.Kind == pipeline.Recreated {
		return pipeline.ReasonRecreated, fmt.Sprintf("the origin was created anew on %s, %s", d.Replaced.UTC().Format("2006-01-02 at 15:04:05 MST"), ends)
	}
	return pipeline.ReasonRestored, fmt.Sprintf("the origin was restored older, or lost data, before %s: %s", clock(d.Since), ends)
}
