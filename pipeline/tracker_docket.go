package pipeline

import (
	"slices"
	"time"
)

// docket is what a Tracker has on one stream, one connection or the agent. A nil docket is that of a subject that is well.
type docket struct {
	open    []*Incident
	courses []*course // what waits for a hold, and what flaps
}

// docket is what there is on a stream, connection or agent; nil: nothing.
func (t *Tracker) docket(key StreamKey) *docket {
	if len(t.dockets) == 0 { // spares the hash of the key
		return nil
	}
	return t.dockets[key]
}

// docketFor is the same, made where there is none.
func (t *Tracker) docketFor(key StreamKey) *docket {
	d := t.dockets[key]
	if d == nil {
		d = &docket{}
		t.dockets[key] = d
	}
	return d
}

// tidy lets go of a docket that holds nothing any more.
func (t *Tracker) tidy(key StreamKey, d *docket) {
	if len(d.open) == 0 && len(d.courses) == 0 {
		delete(t.dockets, key)
	}
}

// incidents are the open ones.
func (d *docket) incidents() []*Incident {
	if d == nil {
		return nil
	}
	return d.open
}

// find is the open incident of a rule on a subject; nil: there is none.
func (d *docket) find(rule string, s *Subject) *Incident {
	if d == nil {
		return nil
	}
	for _, i := range d.open {
		if i.Rule == rule && i.Subject == *s {
			return i
		}
	}
	return nil
}

// course is what is followed of a rule's verdicts on a subject; nil: nothing is.
func (d *docket) course(rule string, s *Subject) *course {
	if d == nil {
		return nil
	}
	for _, c := range d.courses {
		if c.rule == rule && c.subject == *s {
			return c
		}
	}
	return nil
}

// held is when an incident opens that waits for a hold; zero: none does.
func (d *docket) held(rule string, s *Subject) time.Time {
	if c := d.course(rule, s); c != nil && d.find(rule, s) == nil {
		return c.due
	}
	return time.Time{}
}

// quiet tells whether a verdict changes nothing: nothing is open that it could end, and it opens nothing.
func (d *docket) quiet(v *Verdict) bool {
	return d == nil && (v.Level == OK || v.Level == Unknown || v.Moot != "")
}

func (d *docket) strike(i *Incident) {
	d.open = slices.DeleteFunc(d.open, func(o *Incident) bool { return o == i })
}

func (d *docket) forget(c *course) {
	d.courses = slices.DeleteFunc(d.courses, func(o *course) bool { return o == c })
}
