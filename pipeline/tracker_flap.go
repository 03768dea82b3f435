package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// This file holds what a Tracker does about incidents that come and go.

// An incident that opens for the flapLimit-th time within FlapWindow is held open as flapping, until it was well, or not, for
// flapHold without a break.
const (
	FlapWindow = 30 * time.Minute
	flapLimit  = 4
	flapHold   = 10 * time.Minute
)

type incidentKey struct {
	rule    string
	subject Subject
}

// opening is one opening of an incident; or while it flaps, one return of what it is about.
type opening struct {
	at time.Time
	incidentKey
}

// recall takes up the openings that an earlier process knew of.
func (t *Tracker) recall(open, ended []Incident) {
	for _, incidents := range [][]Incident{open, ended} {
		for n := range incidents {
			i := &incidents[n]
			if i.Changes == 1 && !i.Ended.IsZero() { // told once, never open
				continue
			}
			t.recent = append(t.recent, opening{i.Opened, incidentKey{i.Rule, i.Subject}})
		}
	}
	slices.SortStableFunc(t.recent, func(a, b opening) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rule, b.rule), compareKeys(a.subject.StreamKey, b.subject.StreamKey))
	})
	if len(t.recent) > 0 {
		t.often = make(map[incidentKey]int, len(t.recent))
	}
	for _, o := range t.recent {
		t.often[o.incidentKey]++
	}
}

// remember notes that an incident opened, or is violated again, and tells how often that was within FlapWindow.
func (t *Tracker) remember(now time.Time, i *Incident) int {
	t.forget(now)
	if t.often == nil {
		t.often = map[incidentKey]int{}
	}
	key := incidentKey{i.Rule, i.Subject}
	t.recent = append(t.recent, opening{now, key})
	t.often[key]++
	return t.often[key]
}

// forget lets go of what is older than FlapWindow.
func (t *Tracker) forget(now time.Time) {
	n := 0
	for ; n < len(t.recent) && now.Sub(t.recent[n].at) >= FlapWindow; n++ {
		key := t.recent[n].incidentKey
		if t.often[key]--; t.often[key] <= 0 {
			delete(t.often, key)
		}
	}
	if t.recent = t.recent[n:]; len(t.recent) == 0 {
		t.recent, t.often = nil, nil
	}
}

// lately returns the openings of what is not open under that opening any more, for NewTracker: rules, subjects and times only.
func (t *Tracker) lately() []Incident {
	ended := make([]Incident, 0, len(t.recent))
	for _, o := range t.recent {
		if !t.dockets[o.subject.StreamKey].matter(o.rule, &o.subject).holds(o.at) {
			ended = append(ended, Incident{Rule: o.rule, Subject: o.subject, Opened: o.at, Ended: o.at})
		}
	}
	return ended
}

// flapping is the detail of an incident that flaps.
func flapping(times int, detail string) string {
	text := fmt.Sprintf("%s: %d times in %.0f min", ReasonFlapping, times, FlapWindow.Minutes())
	if detail != "" {
		text += "; " + detail
	}
	return text
}

// settles is when an incident flaps no longer, if it is not well before.
func (c *course) settles(i *Incident) time.Time { return later(c.bad, i.Opened).Add(flapHold) }

// darkness adds up for how long contact was not proven during an incident that is held open, by what was proven before and after.
type darkness struct {
	from    time.Time     // the proof before the silence of now; zero: there is none, or the subject is no link
	dark    time.Duration // silences that ended, in total
	longest time.Duration // of them
	partly  bool          // an earlier process saw some that are not in it
}

// lighten ends a silence by a proof.
func (d *darkness) lighten(proof time.Time) {
	if !d.from.IsZero() && proof.After(d.from) {
		dark := proof.Sub(d.from)
		d.dark += dark
		d.longest = max(d.longest, dark)
	}
	d.from = time.Time{}
}

// account is the detail of the end of an incident that flapped.
func (d *darkness) account(times int) string {
	text := fmt.Sprintf("came and went %d times in %.0f min", times, FlapWindow.Minutes())
	if d.dark == 0 {
		return text
	}
	least := ""
	if d.partly {
		least = "at least "
	}
	return fmt.Sprintf("%s; dark for %s%s in total, %s at the longest", text, least, d.dark.Round(time.Second), d.longest.Round(time.Second))
}
