package pipeline

import "time"

// This file holds what is kept of single streams.

// record is what is kept of the stream.
func (s *stream) record() StreamRecord {
	r := StreamRecord{Key: s.key, First: s.first, Policy: s.own, Metadata: s.metadata, Links: make([]LinkRecord, len(s.links))}
	for i, l := range s.links {
		r.Links[i] = LinkRecord{Subject: l.subject, First: l.first, Proof: l.proof.Contact(), Origin: l.progress.Record()}
	}
	return r
}

// restore makes the stream what a record keeps of it. No time in it may lie ahead: the clock may have been wrong when it was kept.
func (s *stream) restore(r *StreamRecord, now time.Time) {
	s.dirty = r.First.After(now)
	if !r.First.IsZero() {
		s.first = notAfter(r.First, now)
	}
	for i := range r.Links {
		k, l := &r.Links[i], s.newLink()
		s.dirty = s.dirty || k.First.After(now) || k.Proof.After(now)
		l.subject, l.first = s.word(k.Subject), notAfter(k.First, now)
		l.proof, l.progress = NewProof(notAfter(k.Proof, now)), NewProgress(k.Origin)
		s.links = append(s.links, l)
	}
}

func notAfter(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}

// recount goes on with the counters that the board shows of the stream's links.
func (s *stream) recount(rows []LinkStatus) {
	for _, l := range s.links {
		for n := range rows {
			if row := &rows[n]; row.Subject == l.subject {
				l.status = LinkStatus{Violations: row.Violations, Blackout: row.Blackout, Dark: row.Dark, Updated: row.Updated}
			}
		}
	}
}
