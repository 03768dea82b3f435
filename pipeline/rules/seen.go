// Package rules holds what mirrorwatch judges, one file a rule. A rule is pure: it sees a view and the time, and
// nothing else.
package rules

import (
	"time"

	"mirrorwatch/pipeline"
)

// Seen is critical when a link has no proof of contact for longer than its seen-critical limit.
type Seen struct{}

// Judge implements pipeline.Rule.
func (Seen) Judge(now time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	limit := v.Stream.Policy.SeenCritical
	if !limit.Set || limit.Value <= 0 {
		return
	}
	for i := range v.Stream.Links {
		verdict := judgeSilence(now, v.Stream, &v.Stream.Links[i], limit.Value)
		verdict.Rule = pipeline.RuleSeen
		emit(verdict)
	}
}

// judgeSilence holds the age of a link's proof against a limit. The level is critical when it is over.
func judgeSilence(now time.Time, s *pipeline.StreamView, l *pipeline.LinkView, limit time.Duration) pipeline.Verdict {
	since := l.Since()
	deadline := since.Add(limit)
	v := pipeline.Verdict{
		Subject:  l.Subject,
		Silence:  true,
		Value:    max(0, now.Sub(since).Seconds()),
		Limit:    limit.Seconds(),
		Unit:     pipeline.UnitSeconds,
		Since:    since,
		Evidence: l.Proof,
	}
	// The newest answer itself said so. A bound that grew old without an answer says nothing of the time since.
	certain := !l.Bound.IsZero() && l.Sample.Active >= limit
	switch {
	case now.Before(deadline):
		v.Level, v.Due = pipeline.OK, deadline
		if l.Proof.IsZero() {
			v.Level, v.Reason = pipeline.Unknown, pipeline.ReasonUnproven
			if l.Sample.Reported && l.Sample.Active < 0 {
				v.Reason = pipeline.ReasonNoContact
			}
		}
	case s.Blind != "":
		v.Level, v.Reason, v.Detail = pipeline.Unknown, pipeline.ReasonBlind, s.Blind
	case !certain && now.Before(l.Grace):
		v.Level, v.Reason, v.Due = pipeline.Unknown, pipeline.ReasonStarting, l.Grace
	default:
		v.Level = pipeline.Critical
		v.Reason, v.Detail = whySilent(s, l)
		v.Detail = join(v.Detail, originSide(s, l))
	}
	return v
}

// whySilent says in a stable phrase how the missing proof shows. The server's own words come as detail.
func whySilent(s *pipeline.StreamView, l *pipeline.LinkView) (reason, detail string) {
	switch {
	case s.Fault.Kind != pipeline.FaultNone:
		return string(s.Fault.Kind), s.Fault.Text
	case !l.Sample.Reported:
		return pipeline.ReasonNoLeader, ""
	case l.Sample.Error != "":
		return pipeline.ReasonServerError, l.Sample.Error
	case l.Sample.Active < 0:
		return pipeline.ReasonNoContact, ""
	}
	return pipeline.ReasonSilent, ""
}
