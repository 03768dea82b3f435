package pipeline

import (
	"cmp"
	"slices"
	"time"
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
	dockets map[StreamKey]*docket // by the stream, the connection or the agent that they are on

	endedAt time.Time       // the newest end
	ended   map[string]bool // the ids that ended then

	holds  map[string]time.Duration // by rule
	recent []opening                // within FlapWindow, oldest first
	often  map[incidentKey]int      // how many of those
}

// NewTracker returns a tracker that goes on with the given open incidents. Of several on the same, as where the end of one was
// not kept, the newest takes the verdicts, and EndOthers ends the rest with it. Of those that ended in the last FlapWindow it learns what
// comes and goes.
func NewTracker(open, ended []Incident) *Tracker {
	t := &Tracker{dockets: make(map[StreamKey]*docket, len(open))}
	for _, i := range slices.SortedStableFunc(slices.Values(open), func(a, b Incident) int { return a.Opened.Compare(b.Opened) }) {
		t.add(&i)
	}
	t.recall(open, ended)
	return t
}

// Judge takes one verdict in, and tells the change that follows from it, if any. An incident opens or grows worse on
// a warning or critical verdict; it resolves only on an ok verdict whose evidence is later than that of its last violation, and
// closes when it is ok merely because the limit changed. Unknown changes nothing. Where the rule has a hold, and where the
// incident flaps, a verdict has to last for that; Due says until when.
func (t *Tracker) Judge(now time.Time, v Verdict) (Change, bool) {
	return t.judge(now, t.docket(v.Subject.StreamKey), &v)
}

// EndOthers ends what else is open on the same as a change that ended an incident, in the same way: what it was about is over. Any
// other change it lets pass.
func (t *Tracker) EndOthers(now time.Time, c Change) (ends []Change) {
	if !c.Kind.Ends() {
		return nil
	}
	for i := t.find(c.Incident.Rule, c.Incident.Subject); i != nil; i = t.find(c.Incident.Rule, c.Incident.Subject) {
		i.Reason, i.Detail = c.Incident.Reason, c.Incident.Detail
		ends = append(ends, t.end(now, i, c.Kind, c.Silent))
	}
	return ends
}

// judge takes in a verdict on what the docket is of.
func (t *Tracker) judge(now time.Time, d *docket, v *Verdict) (Change, bool) {
	i, c := d.matter(v.Rule, &v.Subject).parts()
	c.pass(now, v.Level == Unknown && v.Moot == "")
	switch {
	case v.Moot != "" && i != nil:
		return t.close(now, i, v.Moot), true
	case v.Moot != "":
		t.drop(c)
		return Change{}, false
	case v.Level == Unknown:
		return Change{}, false
	case v.Level == OK && i == nil:
		t.drop(c)
		return Change{}, false
	case v.Level == OK:
		return t.judgeWell(now, i, c, v)
	case i == nil:
		return t.judgeNew(now, c, v)
	}
	return t.judgeStill(now, i, c, v)
}

// judgeNew takes in a violation of which no incident is open.
func (t *Tracker) judgeNew(now time.Time, c *course, v *Verdict) (Change, bool) {
	if hold := t.holds[v.Rule]; hold > 0 {
		if c == nil {
			c = t.follow(v.Rule, v.Subject)
		}
		c.violate(now, v)
		if c.fallsDue(now, c.bad.Add(hold)) {
			return Change{}, false
		}
	}
	i := &Incident{ID: t.id(v.Rule, v.Subject, now), Rule: v.Rule, Subject: v.Subject, Opened: now, Since: v.Since}
	t.add(i)
	if n := t.remember(now, i); n >= flapLimit {
		i.Flaps = n
		if c == nil {
			c = t.follow(v.Rule, v.Subject)
		}
		c.violate(now, v)
		c.fallsDue(now, c.settles(i))
	}
	if c != nil {
		c.from = v.Since
	}
	i.take(v)
	return i.step(now, Opened, OK, since(now, v.Since)), true
}

// judgeStill takes in a violation of which an incident is open.
func (t *Tracker) judgeStill(now time.Time, i *Incident, c *course, v *Verdict) (Change, bool) {
	from, reason, detail, silent := i.Level, i.Reason, i.Detail, since(now, v.Since)
	if c == nil && (i.Flaps > 0 || t.holds[v.Rule] > 0) {
		c = t.followOpen(i)
	}
	if c != nil {
		if swung := c.violate(now, v); swung && i.Flaps > 0 {
			i.Flaps = max(flapLimit, t.remember(now, i))
		}
		if i.Flaps > 0 && !c.fallsDue(now, c.settles(i)) { // it goes no more
			i.Flaps = 0
			i.take(v)
			return i.step(now, Reminded, from, silent), true
		}
		if c.holdsLevel(now, v.Level.Worse(from), t.holds[v.Rule]) {
			i.rest(v)
			return Change{}, false
		}
		if i.Flaps > 0 && from.Worse(v.Level) {
			kept := *v
			kept.Level, v = from, &kept
		}
	}
	soon := now.Sub(i.Changed) < i.updateWait()
	i.take(v)
	if v.Level == from && v.Reason != reason && soon {
		i.Reason, i.Detail = reason, detail // told later, if it lasts
	}
	switch {
	case v.Level.Worse(from):
		return i.step(now, Escalated, from, silent), true
	case from.Worse(v.Level):
		return i.step(now, Eased, from, silent), true
	case i.Reason != reason:
		return i.step(now, Updated, from, silent), true
	}
	return Change{}, false
}

func (t *Tracker) judgeWell(now time.Time, i *Incident, c *course, v *Verdict) (Change, bool) {
	if !v.Evidence.After(i.Evidence) {
		if v.Limit == i.Limit {
			return Change{}, false
		}
		i.Limit = v.Limit
		return t.close(now, i, ReasonLimitChanged), true
	}
	hold := t.holds[v.Rule]
	if i.Flaps > 0 {
		hold = max(hold, flapHold)
	}
	if c == nil && hold > 0 {
		c = t.followOpen(i)
	}
	if c == nil {
		silent := time.Duration(0)
		if !i.Since.IsZero() && v.Since.After(i.Since) {
			silent = v.Since.Sub(i.Since)
		}
		return t.end(now, i, Resolved, silent), true
	}
	c.recover(now, v)
	if hold > 0 && c.fallsDue(now, c.well.Add(hold)) {
		return Change{}, false
	}
	if i.Flaps > 0 {
		i.Detail = c.account(i.Flaps)
	}
	return t.end(now, i, Resolved, c.dark), true
}

// Close ends the incident of a rule on a subject without a proof that it is well; false where none is open.
func (t *Tracker) Close(now time.Time, rule string, subject Subject, reason string) (Change, bool) {
	i := t.find(rule, subject)
	if i == nil {
		return Change{}, false
	}
	return t.close(now, i, reason), true
}

func (t *Tracker) close(now time.Time, i *Incident, reason string) Change {
	silent := since(now, i.Since)
	if _, c := t.docket(i.Subject.StreamKey).matter(i.Rule, &i.Subject).parts(); c != nil {
		silent = c.dark + since(now, c.from)
	}
	i.Reason, i.Detail = reason, ""
	return t.end(now, i, Closed, silent)
}

// Tell makes a closed change of an incident that was never open: watching ends, and people are told so once.
func (t *Tracker) Tell(now time.Time, rule string, subject Subject, reason string) Change {
	i := Incident{ID: incidentID(rule, subject, now), Rule: rule, Subject: subject, Level: Warning, Opened: now, Ended: now, Reason: reason}
	return i.step(now, Closed, OK, 0)
}

// CloseRest ends every incident on a stream for which keep says false.
func (t *Tracker) CloseRest(now time.Time, key StreamKey, reason string, keep func(rule string, s Subject) bool) []Change {
	d := t.docket(key)
	if d == nil {
		return nil
	}
	var changes []Change
	for _, m := range slices.Clone(d.matters) {
		if keep != nil && keep(m.key.rule, m.key.subject(key)) {
			continue
		}
		for m.incident != nil {
			changes = append(changes, t.close(now, m.incident, reason))
		}
		t.drop(m.course)
	}
	return changes
}

// Has tells whether an incident is open on the stream, connection or agent.
func (t *Tracker) Has(key StreamKey) bool {
	d := t.docket(key)
	return d != nil && d.open > 0
}

// All returns every open incident, oldest first.
func (t *Tracker) All() []Incident {
	var all []Incident
	for _, d := range t.dockets {
		for i := range d.incidents() {
			all = append(all, *i)
		}
	}
	slices.SortFunc(all, func(x, y Incident) int { return cmp.Or(x.Opened.Compare(y.Opened), cmp.Compare(x.ID, y.ID)) })
	return all
}

func (t *Tracker) add(i *Incident) {
	d, m := t.matterFor(i.Rule, &i.Subject)
	if m.incident != nil {
		m.before = append(m.before, m.incident)
	}
	m.incident = i
	d.open++
}

func (t *Tracker) find(rule string, s Subject) *Incident {
	i, _ := t.docket(s.StreamKey).matter(rule, &s).parts()
	return i
}

func (t *Tracker) end(now time.Time, i *Incident, kind ChangeKind, silent time.Duration) Change {
	key := i.Subject.StreamKey
	d := t.dockets[key]
	m := d.matter(i.Rule, &i.Subject)
	m.incident, m.course = nil, nil
	if n := len(m.before) - 1; n >= 0 {
		m.incident, m.before = m.before[n], m.before[:n]
	}
	d.open--
	t.tidy(key, d, m)
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
