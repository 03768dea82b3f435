package pipeline

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// This file holds how an incident takes verdicts in, and its steps.

// take takes a violation in.
func (i *Incident) take(v *Verdict) {
	i.Level, i.Value, i.Limit, i.Unit, i.Reason, i.Detail = v.Level, v.Value, v.Limit, v.Unit, v.Reason, v.Detail
	if i.Flaps > 0 {
		i.Detail = flapping(i.Flaps, v.Detail)
	}
	i.rest(v)
}

// rest notes what the newest violation rests on.
func (i *Incident) rest(v *Verdict) {
	if v.Evidence.After(i.Evidence) {
		i.Evidence = v.Evidence
	}
}

// updateWait is how long after its newest change a change of reason is told.
func (i *Incident) updateWait() time.Duration {
	return min(updateMost, updateEvery<<min(max(i.Changes-1, 0), 10))
}

// step numbers a change and copies the incident into it.
func (i *Incident) step(now time.Time, kind ChangeKind, from Level, silent time.Duration) Change {
	i.Changes++
	i.Changed = now
	i.Shifted = i.Shifted || kind == Escalated || kind == Eased
	if kind.Pings() {
		i.Told = now
	}
	return Change{Kind: kind, At: now, From: from, Incident: *i, Silent: silent}
}

func since(now, t time.Time) time.Duration {
	if t.IsZero() || now.Before(t) {
		return 0
	}
	return now.Sub(t)
}

// incidentID is the same for the same rule, subject and opening time.
func incidentID(rule string, s Subject, opened time.Time) string {
	parts := []string{s.Connection, s.Account, s.Domain, s.Stream, string(s.Kind), s.Origin, s.Via, s.Filter}
	if s.Receiver != "" {
		parts = append(parts, s.Receiver)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%q\x00%d", rule, parts, opened.UnixNano()))
	return "mw-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10]))
}

// earlier returns the earlier of two times, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
