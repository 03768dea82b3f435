package pipeline

import (
	"iter"
	"slices"
	"time"
)

// docket is what a Tracker has on one stream, one connection or the agent. A nil docket is that of a subject that is well.
type docket struct {
	matters []*matter             // in the order in which they came up
	index   map[matterKey]*matter // nil: there are few
	open    int                   // incidents
}

// matter is what there is on one rule's verdicts on one subject.
type matter struct {
	key      matterKey
	incident *Incident   // the open one; nil: none is
	before   []*Incident // others that are open, the oldest first
	course   *course     // of what waits for a hold, or flaps; nil: nothing does
	spoken   bool        // a verdict came on it in the judgement of now
}

// holds tells whether an incident is open that was opened at some time.
func (m *matter) holds(opened time.Time) bool {
	then := func(i *Incident) bool { return i.Opened.Equal(opened) }
	return m != nil && (m.incident != nil && then(m.incident) || slices.ContainsFunc(m.before, then))
}

// matterKey tells the matters of one docket apart: all are on the same stream, connection or agent.
type matterKey struct {
	rule                string
	kind                Kind
	origin, via, filter string
	receiver            string
}

// fewMatters are found as fast by walking through them. An aggregate of which all sources are dark has a thousand, and more.
const fewMatters = 8

// subject is what the matter is about, of what the docket is of.
func (k *matterKey) subject(key StreamKey) Subject {
	return Subject{StreamKey: key, Kind: k.kind, Origin: k.origin, Via: k.via, Filter: k.filter, Receiver: k.receiver}
}

func keyOf(rule string, s *Subject) matterKey {
	return matterKey{rule: rule, kind: s.Kind, origin: s.Origin, via: s.Via, filter: s.Filter, receiver: s.Receiver}
}

// docket is what there is on a stream, connection or agent; nil: nothing.
func (t *Tracker) docket(key StreamKey) *docket {
	if len(t.dockets) == 0 { // spares the hash of the key
		return nil
	}
	return t.dockets[key]
}

// matterFor is what there is on a rule's verdicts on a subject, made where there is nothing.
func (t *Tracker) matterFor(rule string, s *Subject) (*docket, *matter) {
	d := t.dockets[s.StreamKey]
	if d == nil {
		d = &docket{}
		t.dockets[s.StreamKey] = d
	}
	m := d.matter(rule, s)
	if m == nil {
		m = &matter{key: keyOf(rule, s)}
		d.put(m)
	}
	return d, m
}

// tidy lets go of a matter that holds nothing any more, and of a docket without any.
func (t *Tracker) tidy(key StreamKey, d *docket, m *matter) {
	if m.incident != nil || m.course != nil {
		return
	}
	n := slices.Index(d.matters, m)
	d.matters = slices.Delete(d.matters, n, n+1)
	delete(d.index, m.key)
	if len(d.matters) == 0 {
		delete(t.dockets, key)
	}
}

func (d *docket) put(m *matter) {
	d.matters = append(d.matters, m)
	switch {
	case d.index != nil:
		d.index[m.key] = m
	case len(d.matters) > fewMatters:
		d.index = make(map[matterKey]*matter, 2*len(d.matters))
		for _, m := range d.matters {
			d.index[m.key] = m
		}
	}
}

// matter is what there is on a rule's verdicts on a subject; nil: nothing.
func (d *docket) matter(rule string, s *Subject) *matter {
	if d == nil {
		return nil
	}
	key := keyOf(rule, s)
	if d.index != nil {
		return d.index[key]
	}
	for _, m := range d.matters {
		if m.key == key {
			return m
		}
	}
	return nil
}

// incidents are the open ones. None may be opened or ended meanwhile.
func (d *docket) incidents() iter.Seq[*Incident] {
	return func(yield func(*Incident) bool) {
		if d == nil {
			return
		}
		for _, m := range d.matters {
			for _, i := range m.before {
				if !yield(i) {
					return
				}
			}
			if m.incident != nil && !yield(m.incident) {
				return
			}
		}
	}
}

// hush forgets what was spoken of.
func (d *docket) hush() {
	if d == nil {
		return
	}
	for _, m := range d.matters {
		m.spoken = false
	}
}

// quiet tells whether a verdict changes nothing: nothing is open that it could end, and it opens nothing.
func (d *docket) quiet(v *Verdict) bool {
	return d == nil && (v.Level == OK || v.Level == Unknown || v.Moot != "")
}

// held is when an incident opens that waits for a hold; zero: it is open, or does not wait.
func (m *matter) held() (due time.Time) {
	if m != nil && m.incident == nil && m.course != nil {
		due = m.course.due
	}
	return due
}

// parts are the open incident and the course, either of which may be nil.
func (m *matter) parts() (*Incident, *course) {
	if m == nil {
		return nil, nil
	}
	return m.incident, m.course
}
