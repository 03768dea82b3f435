package history

import (
	"cmp"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// version is a stream as it was until some time.
type version struct {
	until  time.Time
	record *pipeline.StreamRecord
}

// watched is when a link was watched, and under which limits; in the order of time.
type watched struct {
	subject pipeline.Subject
	parts   []part
}

// part is a time with one limit; 0: none.
type part struct {
	span
	limit time.Duration
}

// watches returns every link that is or was watched, in the order of their names. A stream that was never seen stands
// for its links.
func (f *facts) watches() []*watched {
	links := map[pipeline.Subject]*watched{}
	add := func(s pipeline.Subject, p part) {
		if p.long() == 0 {
			return
		}
		w := links[s]
		if w == nil {
			w = &watched{subject: s}
			links[s] = w
		}
		if last := len(w.parts) - 1; last >= 0 && w.parts[last].limit == p.limit && w.parts[last].to.Equal(p.from) {
			w.parts[last].to = p.to
			return
		}
		w.parts = append(w.parts, p)
	}
	for i := range f.q.Streams {
		r := &f.q.Streams[i]
		f.versions[r.Key] = append(f.versions[r.Key], version{f.end, r})
	}
	for key, versions := range f.versions {
		var from time.Time
		for _, v := range versions {
			if v.record.Policy.Disabled {
				from = v.until
				continue
			}
			from = later(from, v.record.First)
			limit := f.limit(v.record)
			for _, l := range v.record.Links {
				add(l.Subject, part{span{later(from, l.First), v.until}, limit})
			}
			if len(v.record.Links) == 0 {
				add(pipeline.Subject{StreamKey: key}, part{span{from, v.until}, limit})
			}
			from = v.until
		}
	}
	all := make([]*watched, 0, len(links))
	for _, w := range links {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *watched) int { return bySubject(a.subject, b.subject) })
	return all
}

func bySubject(a, b pipeline.Subject) int {
	return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Domain, b.Domain),
		cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Via, b.Via),
		cmp.Compare(a.Filter, b.Filter))
}

func (f *facts) limit(r *pipeline.StreamRecord) time.Duration {
	p := r.Policy
	if f.q.Defaults != nil {
		p = p.Over(f.q.Defaults(r.Key.Connection))
	}
	if !p.SeenCritical.Set {
		return 0
	}
	return p.SeenCritical.Value
}

// within returns the parts of the time that lie in the period.
func (w *watched) within(period span) (parts []part) {
	for _, p := range w.parts {
		if p.span = p.and(period); p.long() > 0 {
			parts = append(parts, p)
		}
	}
	return parts
}
