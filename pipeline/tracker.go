package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"
)

// RemindEvery is how often an open critical incident is told again.
const RemindEvery = 4 * time.Hour

// An incident that opens for the flapLimit-th time within FlapWindow is held open as flapping, until it was well, or not, for
// flapHold without a break.
const (
	FlapWindow = 30 * time.Minute
	flapLimit  = 4
	flapHold   = 10 * time.Minute
)

// A change of reason is told updateEvery after the change before at the soonest, and twice as long after with each change
// that the incident had, up to updateMost: the first ones matter, a reason that comes and goes does not.
const (
	updateEvery = 10 * time.Second
	updateMost  = 10 * time.Minute
)

// Tracker turns verdicts into the changes of incidents. It holds the open incidents of one connection (or of the
// agent), has no clock and does no I/O.
type Tracker struct {
	open map[StreamKey][]*Incident // by the stream, the connection or the agent that they belong to

	endedAt time.Time       // the newest end
	ended   map[string]bool // the ids that ended then
}

// NewTracker returns a tracker that goes on with the given open incidents.
func NewTracker(open []Incident) *Tracker {
	t := &Tracker{open: make(map[StreamKey][]*Incident, len(open))}
	for _, i := range open {
		t.add(&i)
	}
	return t
}

// Judge takes one verdict in, and tells the change that follows from it, if any. An incident opens or grows worse on
// a warning or critical verdict at once; it resolves only on an ok verdict whose evidence is later than that of its
// last violation, and closes when it is ok merely because the limit changed. Unknown changes nothing.
func (t *Tracker) Judge(now time.Time, v Verdict) (Change, bool) {
	i := t.find(v.Rule, v.Subject)
	switch {
	case v.Moot != "":
		return t.Close(now, v.Rule, v.Subject, v.Moot)
	case v.Level == Unknown:
		return Change{}, false
	case v.Level == OK && i == nil:
		return Change{}, false
	case v.Level == OK:
		return t.judgeWell(now, i, v)
	case i == nil:
		i = &Incident{ID: t.id(v.Rule, v.Subject, now), Rule: v.Rule, Subject: v.Subject, Opened: now, Since: v.Since}
		t.add(i)
		i.take(v)
		return i.step(now, Opened, OK, since(now, v.Since)), true
	}
	from, reason, silent := i.Level, i.Reason, since(now, v.Since)
	soon := now.Sub(i.Changed) < i.updateWait()
	if v.Level == from && v.Reason != reason && soon {
		v.Reason, v.Detail = i.Reason, i.Detail // told later, if it lasts
	}
	i.take(v)
	switch {
	case v.Level.Worse(from):
		return i.step(now, Escalated, from, silent), true
	case from.Worse(v.Level):
		return i.step(now, Eased, from, silent), true
	case v.Reason != reason:
		return i.step(now, Updated, from, silent), true
	}
	return Change{}, false
}

func (t *Tracker) judgeWell(now time.Time, i *Incident, v Verdict) (Change, bool) {
	if v.Evidence.After(i.Evidence) {
		silent := time.Duration(0)
		if !i.Since.IsZero() && v.Since.After(i.Since) {
			silent = v.Since.Sub(i.Since)
		}
		return t.end(now, i, Resolved, silent), true
	}
	if v.Limit != i.Limit {
		i.Reason, i.Detail, i.Limit = ReasonLimitChanged, "", v.Limit
		return t.end(now, i, Closed, since(now, i.Since)), true
	}
	return Change{}, false
}

// Close ends the incident of a rule on a subject without a proof that it is well; false where none is open.
func (t *Tracker) Close(now time.Time, rule string, subject Subject, reason string) (Change, bool) {
	i := t.find(rule, subject)
	if i == nil {
		return Change{}, false
	}
	i.Reason, i.Detail = reason, ""
	return t.end(now, i, Closed, since(now, i.Since)), true
}

// Tell makes a closed change of an incident that was never open: watching ends, and people are told so once.
func (t *Tracker) Tell(now time.Time, rule string, subject Subject, reason string) Change {
	i := Incident{ID: incidentID(rule, subject, now), Rule: rule, Subject: subject, Level: Warning, Opened: now, Ended: now, Reason: reason}
	return i.step(now, Closed, OK, 0)
}

// CloseRest ends every incident on a stream for which keep says false.
func (t *Tracker) CloseRest(now time.Time, key StreamKey, reason string, keep func(rule string, s Subject) bool) []Change {
	var changes []Change
	for _, i := range slices.Clone(t.open[key]) {
		if keep == nil || !keep(i.Rule, i.Subject) {
			i.Reason, i.Detail = reason, ""
			changes = append(changes, t.end(now, i, Closed, since(now, i.Since)))
		}
	}
	return changes
}

// Remind tells the changes of critical incidents about which nobody was pinged for RemindEvery, and when the next
// falls due (zero: none is open).
func (t *Tracker) Remind(now time.Time) (changes []Change, due time.Time) {
	for _, incidents := range t.open {
		for _, i := range incidents {
			if i.Level != Critical {
				continue
			}
			if now.Sub(i.Told) >= RemindEvery {
				changes = append(changes, i.step(now, Reminded, i.Level, since(now, i.Since)))
			}
			due = earlier(due, i.Told.Add(RemindEvery))
		}
	}
	slices.SortFunc(changes, func(x, y Change) int { return cmp.Compare(x.Incident.ID, y.Incident.ID) })
	return changes, due
}

// Has tells whether an incident is open on the stream, connection or agent.
func (t *Tracker) Has(key StreamKey) bool { return len(t.open[key]) > 0 }

// All returns every open incident, oldest first.
func (t *Tracker) All() []Incident {
	var all []Incident
	for _, incidents := range t.open {
		for _, i := range incidents {
			all = append(all, *i)
		}
	}
	slices.SortFunc(all, func(x, y Incident) int { return cmp.Or(x.Opened.Compare(y.Opened), cmp.Compare(x.ID, y.ID)) })
	return all
}

func (t *Tracker) add(i *Incident) {
	t.open[i.Subject.StreamKey] = append(t.open[i.Subject.StreamKey], i)
}

func (t *Tracker) find(rule string, s Subject) *Incident {
	for _, i := range t.open[s.StreamKey] {
		if i.Rule == rule && i.Subject == s {
			return i
		}
	}
	return nil
}

func (t *Tracker) end(now time.Time, i *Incident, kind ChangeKind, silent time.Duration) Change {
	key := i.Subject.StreamKey
	t.open[key] = slices.DeleteFunc(t.open[key], func(o *Incident) bool { return o == i })
	if len(t.open[key]) == 0 {
		delete(t.open, key)
	}
	i.Ended = now
	if !now.Equal(t.endedAt) {
		t.endedAt, t.ended = now, map[string]bool{}
	}
	t.ended[i.ID] = true
	return i.step(now, kind, i.Level, silent)
}

// id names a new incident. One that ended at the same moment keeps its id to itself.
func (t *Tracker) id(rule string, s Subject, now time.Time) string {
	id := incidentID(rule, s, now)
	for opened := now; now.Equal(t.endedAt) && t.ended[id]; {
		opened = opened.Add(1)
		id = incidentID(rule, s, opened)
	}
	return id
}

func (i *Incident) take(v Verdict) {
	i.Level, i.Value, i.Limit, i.Unit, i.Reason, i.Detail = v.Level, v.Value, v.Limit, v.Unit, v.Reason, v.Detail
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
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%q\x00%d", rule, []string{
		s.Connection, s.Account, s.Domain, s.Stream, string(s.Kind), s.Origin, s.Via, s.Filter,
	}, opened.UnixNano()))
	return "mw-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10]))
}

// earlier returns the earlier of two times, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
