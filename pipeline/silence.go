package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Silence withholds changes from receivers for a time. What it covers is judged and recorded all the same, and what is
// still open at its end is told then. The end of an incident that was told before is never withheld: it disturbs nobody.
type Silence struct {
	ID     string    `json:"id"`
	Match  Match     `json:"match"`
	Starts time.Time `json:"starts"`
	Ends   time.Time `json:"ends"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Made   time.Time `json:"made"`
	Window string    `json:"window,omitempty"` // the name of the recurring window that it is one turn of
}

// Active tells whether the silence is in force.
func (s *Silence) Active(now time.Time) bool { return !now.Before(s.Starts) && now.Before(s.Ends) }

// Window is a recurring silence of the configuration: on some days, from one time of the day to another (which may be
// that of the next day), as the clocks of a zone show it.
type Window struct {
	Name   string
	Match  Match
	Days   []time.Weekday // on which it starts; none: every day
	From   time.Duration  // since midnight on the wall clock; below 24 h
	To     time.Duration  // the same; not later than From: on the next day
	Zone   *time.Location
	Reason string
}

// Turn returns the turn of the window that is in force at now, or else the next one.
func (w *Window) Turn(now time.Time) Silence {
	day := now.In(w.Zone)
	for n := -1; n <= 15; n++ { // two weeks: a turn falls out where the clocks skip it
		start := wall(day, n, w.From)
		if len(w.Days) > 0 && !slices.Contains(w.Days, wall(day, n, 0).Weekday()) {
			continue
		}
		end := wall(day, n, w.To)
		if w.To <= w.From {
			end = wall(day, n+1, w.To)
		}
		if now.Before(end) && start.Before(end) {
			return Silence{
				ID: fmt.Sprintf("%s@%s", w.Name, start.UTC().Format(time.RFC3339)), Match: w.Match, Starts: start, Ends: end,
				By: "configuration", Reason: cmp.Or(w.Reason, "maintenance window "+w.Name), Made: start, Window: w.Name,
			}
		}
	}
	return Silence{}
}

// wall is a time of the day on the wall clock, some days after day. One that the clocks skip is the time just after.
func wall(day time.Time, days int, at time.Duration) time.Time {
	h, m := int(at/time.Hour), int(at%time.Hour/time.Minute)
	t := time.Date(day.Year(), day.Month(), day.Day()+days, h, m, 0, 0, day.Location())
	if t.Hour() == h && t.Minute() == m {
		return t
	}
	before, after := t.ZoneBounds()
	if t.Sub(before) < 24*time.Hour {
		return before
	}
	return after
}

// Silences is what is withheld: what people asked for, and the recurring windows of the configuration.
type Silences struct {
	Added   []Silence // in force, to come, or over
	Windows []Window
}

// Withholds returns the silence that covers an incident now: the one that ends last.
func (s *Silences) Withholds(now time.Time, i *Incident) (by Silence, withheld bool) {
	for n := range s.Added {
		if one := &s.Added[n]; one.Active(now) && one.Match.Matches(i) && one.Ends.After(by.Ends) {
			by, withheld = *one, true
		}
	}
	for n := range s.Windows {
		if one := s.Windows[n].Turn(now); one.Active(now) && one.Match.Matches(i) && one.Ends.After(by.Ends) {
			by, withheld = one, true
		}
	}
	return by, withheld
}

// Next is when a silence begins or ends next; zero: none does.
func (s *Silences) Next(now time.Time) (next time.Time) {
	later := func(t time.Time) {
		if t.After(now) {
			next = earlier(next, t)
		}
	}
	for _, one := range s.Added {
		later(one.Starts)
		later(one.Ends)
	}
	for n := range s.Windows {
		turn := s.Windows[n].Turn(now)
		later(turn.Starts)
		later(turn.Ends)
	}
	return next
}
