package history

import (
	"maps"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// facts is what the records say of links, gathered in one pass.
type facts struct {
	q        *Query
	end      time.Time // of what is measured: To, or now
	begin    time.Time // when the records that follow each other without a gap begin
	cut      bool      // there were some before
	last     uint64    // number of the newest record
	lastAt   time.Time // when anything was written last
	stopped  time.Time // zero: the agent ran on after the newest record
	down     spans     // when no agent ran
	versions map[pipeline.StreamKey][]version

	violations map[string]*violation // by the incident's id
	opened     map[string]*violation // by the key of the change that opened it
	subjects   map[pipeline.Subject][]*violation
	blind      map[string]spans // by connection
}

// settles is how long an agent that was just started may run without having judged what is overdue: where it ended again by
// then, it proved nothing.
const settles = 10 * time.Second

// violation is one incident on a link, a stream or a connection.
type violation struct {
	pipeline.Incident           // newest
	start             time.Time // from when the limit was passed
	told              time.Time // first delivery of its opening; zero: none
	silenced          bool
	risks             []risk // at each change
}

type risk struct {
	at time.Time
	pipeline.Risk
}

func newFacts(q *Query) *facts {
	return &facts{
		q: q, end: sooner(q.To, q.Now), versions: map[pipeline.StreamKey][]version{}, violations: map[string]*violation{},
		opened: map[string]*violation{}, subjects: map[pipeline.Subject][]*violation{}, blind: map[string]spans{},
	}
}

func (f *facts) take(r pipeline.Record) error {
	if r.Number != f.last+1 {
		f.cut, f.begin = true, r.At()
	} else if f.last == 0 {
		f.begin = r.At()
	}
	f.last = r.Number
	f.lastAt = later(f.lastAt, r.At())
	switch {
	case r.Change != nil && !r.Change.Test:
		f.takeChange(r.Change)
	case r.Attempt != nil && r.Attempt.Outcome == pipeline.OutcomeDelivered:
		for _, key := range r.Attempt.Changes {
			if v := f.opened[key]; v != nil && v.told.IsZero() {
				v.told = r.Attempt.At
			}
		}
	case r.Event != nil:
		f.takeEvent(r.Event)
	}
	return nil
}

func (f *facts) takeEvent(e *pipeline.Event) {
	switch e.Kind {
	case pipeline.EventStarted:
		from := e.Last
		if !f.stopped.IsZero() && (from.IsZero() || f.stopped.Before(from)) { // a copy of the file is younger than what it holds
			from = f.stopped
		}
		if !from.IsZero() {
			f.down = append(f.down, span{from, e.At})
		}
		f.stopped = time.Time{}
	case pipeline.EventStopped:
		f.stopped = e.At
	case pipeline.EventLimits, pipeline.EventUnwatched:
		if e.Stream != nil {
			f.versions[e.Stream.Key] = append(f.versions[e.Stream.Key], version{e.At, e.Stream})
		}
	case pipeline.EventWithheld:
		for _, key := range e.Changes {
			if v := f.opened[key]; v != nil {
				v.silenced = true
			}
		}
	}
}

// tells whether the report is about incidents of the rule.
func (f *facts) tells(rule string) bool {
	switch rule {
	case pipeline.RuleSeen, pipeline.RuleSeenDefault, pipeline.RuleNotCopying, pipeline.RuleDiverged, pipeline.RuleUnobserved, pipeline.RuleLag:
		return true
	}
	return false
}

func (f *facts) takeChange(c *pipeline.Change) {
	i := &c.Incident
	if !f.tells(i.Rule) || c.Kind.Ends() && i.Changes == 1 { // told of without having been open
		return
	}
	v := f.keep(i)
	if c.Kind == pipeline.Opened {
		f.opened[c.Key()] = v
	}
	v.risks = append(v.risks, risk{c.At, i.Risk})
	if len(v.risks) > 1 && !v.risks[len(v.risks)-2].at.After(f.q.From) && !c.At.After(f.q.From) {
		v.risks = v.risks[len(v.risks)-1:] // what was before the period, at its beginning no more
	}
}

// keep takes in the newest state of an incident.
func (f *facts) keep(i *pipeline.Incident) *violation {
	v := f.violations[i.ID]
	if v == nil {
		v = &violation{start: i.Opened}
		limit := time.Duration(i.Limit * float64(time.Second))
		if passed := i.Since.Add(limit); !i.Since.IsZero() && i.Unit == pipeline.UnitSeconds && passed.Before(v.start) {
			v.start = passed
		}
		f.violations[i.ID] = v
		f.subjects[i.Subject] = append(f.subjects[i.Subject], v)
	}
	v.Incident = *i
	v.Diagnosis = pipeline.Diagnosis{}
	return v
}

// finish takes in what the records cannot tell.
func (f *facts) finish() {
	for n := range f.q.Open {
		i := &f.q.Open[n]
		if f.tells(i.Rule) && f.violations[i.ID] == nil {
			v := f.keep(i)
			v.risks = append(v.risks, risk{i.Changed, i.Risk})
		}
	}
	for s, all := range f.subjects {
		for _, v := range all {
			if v.Rule == pipeline.RuleUnobserved {
				f.blind[s.Connection] = append(f.blind[s.Connection], span{v.Opened, f.ended(v)})
			}
		}
	}
	for i := range f.q.Streams {
		for _, l := range f.q.Streams[i].Links {
			f.lastAt = later(f.lastAt, l.Proof)
		}
	}
	switch {
	case !f.stopped.IsZero():
		f.down = append(f.down, span{f.stopped, f.q.Now})
	case f.q.Stopped && !f.lastAt.IsZero():
		f.down = append(f.down, span{f.lastAt, f.q.Now})
	}
	f.down = f.down.bridged(settles)
}

// ended is when the incident ended, no later than the end of what is measured.
func (f *facts) ended(v *violation) time.Time {
	if v.Ended.IsZero() {
		return f.end
	}
	return sooner(v.Ended, f.end)
}

// of returns the incidents on a link and on its stream as a whole, oldest first.
func (f *facts) of(s pipeline.Subject) []*violation {
	all := slices.Clone(f.subjects[s])
	if s.IsLink() {
		all = append(all, f.subjects[pipeline.Subject{StreamKey: s.StreamKey}]...)
	} else { // never seen: whatever is told of it
		for _, other := range slices.SortedFunc(maps.Keys(f.subjects), bySubject) {
			if other.IsLink() && other.StreamKey == s.StreamKey {
				all = append(all, f.subjects[other]...)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *violation) int { return a.Opened.Compare(b.Opened) })
	return all
}
