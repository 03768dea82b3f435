package pipeline

import "time"

// This file holds how verdicts wait: a rule may have a hold, for which a verdict has to last before it is told.

// course is how one rule's verdicts on a subject go, where that decides what is told: of rules with a hold, and of incidents that
// flap. A nil course is one that nobody has to follow.
type course struct {
	rule    string
	subject Subject

	bad     time.Time // since when it violates without a break; zero: it does not, or that is not known
	worse   time.Time // since when it is worse than its incident says; zero: it is not
	well    time.Time // since when it is well without a break; zero: it is not
	unknown time.Time // since when nobody can tell; zero: the newest verdict could
	due     time.Time // when verdicts that go on like the newest have lasted; zero: nothing waits

	darkness
}

// Hold says by rule how long a verdict has to last until an incident opens, grows worse or resolves. It is called before the
// first Judge. What waits for a hold is not kept: after a restart it begins anew, except for silence, which tells itself since when it
// lasts.
func (t *Tracker) Hold(holds map[string]time.Duration) { t.holds = holds }

// Due is when something on the stream, connection or agent will have lasted for its hold, so that it is to be judged again;
// zero: nothing waits.
func (t *Tracker) Due(key StreamKey) (due time.Time) {
	d := t.docket(key)
	if d == nil {
		return due
	}
	for _, m := range d.matters {
		if c := m.course; c != nil && c.unknown.IsZero() {
			due = earlier(due, c.due)
		}
	}
	return due
}

// skip lets time pass in which nobody looked: nothing lasted meanwhile, as far as is known.
func (t *Tracker) skip(gap time.Duration) {
	for _, d := range t.dockets {
		for _, m := range d.matters {
			if m.course != nil {
				m.course.skip(gap)
			}
		}
	}
}

func (t *Tracker) follow(rule string, s Subject) *course {
	_, m := t.matterFor(rule, &s)
	m.course = &course{rule: rule, subject: s}
	return m.course
}

// followOpen follows what an earlier process opened.
func (t *Tracker) followOpen(i *Incident) *course {
	c := t.follow(i.Rule, i.Subject)
	c.from, c.partly = i.Since, i.Flaps > 0
	return c
}

func (t *Tracker) drop(c *course) {
	if c == nil {
		return
	}
	key := c.subject.StreamKey
	d := t.dockets[key]
	m := d.matter(c.rule, &c.subject)
	m.course = nil
	t.tidy(key, d, m)
}

// pass lets time pass up to a verdict. What nobody can tell neither breaks what lasts nor adds to it.
func (c *course) pass(now time.Time, unknown bool) {
	switch {
	case c == nil:
	case !unknown:
		if !c.unknown.IsZero() {
			c.skip(now.Sub(c.unknown))
		}
		c.unknown, c.due = time.Time{}, time.Time{}
	case c.unknown.IsZero():
		c.unknown = now
	}
}

func (c *course) skip(gap time.Duration) {
	for _, t := range []*time.Time{&c.bad, &c.worse, &c.well} {
		if !t.IsZero() {
			*t = t.Add(gap)
		}
	}
}

// violate notes a violation, and tells whether it was well before.
func (c *course) violate(now time.Time, v *Verdict) (swung bool) {
	swung = !c.well.IsZero()
	if swung {
		c.bad, c.well, c.from = time.Time{}, time.Time{}, v.Since
	}
	if c.bad.IsZero() {
		c.bad = now
	}
	if v.Silence && v.Limit > 0 && !v.Since.IsZero() { // silence tells itself since when it is over its limit
		c.bad = notAfter(v.overdue(), now)
	}
	return swung
}

// recover notes that it is well.
func (c *course) recover(now time.Time, v *Verdict) {
	c.bad, c.worse = time.Time{}, time.Time{}
	if c.well.IsZero() {
		c.well = now
		c.lighten(v.Since)
	}
}

// fallsDue tells whether a time lies ahead, and notes it.
func (c *course) fallsDue(now, at time.Time) bool {
	if !now.Before(at) {
		return false
	}
	c.due = earlier(c.due, at)
	return true
}

// holdsLevel tells whether a level that is worse than what was told has to last longer.
func (c *course) holdsLevel(now time.Time, worse bool, hold time.Duration) bool {
	switch {
	case !worse || hold == 0:
		c.worse = time.Time{}
		return false
	case c.worse.IsZero():
		c.worse = now
	}
	return c.fallsDue(now, c.worse.Add(hold))
}
