package pipeline

import (
	"slices"
	"time"
)

// This file holds what a Watch adds to incidents beside the rules' verdicts: the cause, and the data at risk.

// explain completes the changes just made on a stream or the connection, and adds those that follow from another cause.
func (w *Watch) explain(now time.Time, key StreamKey, v *View, made []Change) []Change {
	s, fresh := w.stream(key), make(map[string]bool, len(made))
	for n := range made {
		c := &made[n]
		fresh[c.Incident.ID] = true
		if risk, told := v.risk(c.Incident.Subject); told {
			c.Incident.Risk = risk
		}
		if i := w.tracker.find(c.Incident.Rule, c.Incident.Subject); i != nil && !c.Kind.Ends() {
			before := i.Cause
			i.Risk = c.Incident.Risk
			w.mark(s, i)
			i.adopt(w.diagnose(now, v, i))
			c.Incident.Diagnosis, c.Found = i.Diagnosis, i.Cause != before
		}
	}
	for i := range w.tracker.docket(key).incidents() {
		if fresh[i.ID] {
			continue
		}
		if risk, told := v.risk(i.Subject); told {
			i.Risk = risk
		}
		w.mark(s, i)
		if c, changed := w.tracker.explain(now, i, w.diagnose(now, v, i)); changed {
			made = append(made, c)
		} else if w.opt.Board != nil {
			w.opt.Board.PutIncident(*i)
		}
	}
	return made
}

func (w *Watch) diagnose(now time.Time, v *View, i *Incident) Diagnosis {
	if w.opt.Diagnoser == nil {
		return Diagnosis{}
	}
	if s := v.Stream; s != nil && s.Whole == nil && s.Fault.Kind == FaultNone { // not looked at yet
		return i.Diagnosis
	}
	return w.opt.Diagnoser.Diagnose(now, v, i, w.routes)
}

// risk is the data at risk on a link; or on a stream that has only one.
func (v *View) risk(s Subject) (risk Risk, told bool) {
	if v.Stream == nil {
		return Risk{}, false
	}
	if l := v.Stream.Link(s); l != nil {
		return l.Risk, true
	}
	if s.IsStream() && len(v.Stream.Links) == 1 {
		return v.Stream.Links[0].Risk, true
	}
	return Risk{}, false
}

// explain gives an open incident a newer diagnosis, and tells the change where it names another cause. The cause of one that
// flaps swings with what it is about: another one is kept, and told with the incident's next step.
func (t *Tracker) explain(now time.Time, i *Incident, d Diagnosis) (Change, bool) {
	before, wait := i.Cause, i.updateWait()
	if i.Flaps > 0 && before != "" && before != CauseUnknown {
		i.adopt(d)
		return Change{}, false
	}
	if before == "" || before == CauseUnknown {
		wait = min(wait, firstCause)
	}
	if d.Cause != before && now.Sub(i.Changed) < wait {
		return Change{}, false // told later, if it lasts
	}
	i.adopt(d)
	if i.Cause == before {
		return Change{}, false
	}
	c := i.step(now, Updated, i.Level, since(now, i.Since))
	c.Found = true
	return c, true
}

// firstCause is how long after the change before an incident's first cause is told: whoever was paged waits for it.
const firstCause = 2 * time.Second

// adopt takes a diagnosis in. One that finds no cause, or a merely possible one, takes none away that was surer: what it was found
// by may be gone. That something cannot be observed is over once it is.
func (i *Incident) adopt(d Diagnosis) {
	named := i.Cause != "" && i.Cause != CauseUnknown && i.Cause != CauseNotObservable
	weak := d.Cause == "" || d.Cause == CauseUnknown || d.Sure == Possible && d.Cause != i.Cause && i.Sure != Possible
	if named && weak {
		return
	}
	if named && d.Cause != i.Cause && len(i.Causes) < mostCauses && !slices.Contains(i.Causes, i.Cause) {
		i.Causes = append(slices.Clone(i.Causes), i.Cause)
	}
	i.Diagnosis = d
}

// mostCauses is how many causes are kept that an incident had before.
const mostCauses = 4
