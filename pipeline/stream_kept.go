package pipeline

import "time"

// This file holds what is kept of single streams, and of their metadata.

// record is what is kept of the stream.
func (s *stream) record() StreamRecord {
	r := StreamRecord{Key: s.key, First: s.first, Policy: s.own, Metadata: s.metadata, Links: make([]LinkRecord, len(s.links))}
	for i, l := range s.links {
		r.Links[i] = LinkRecord{Subject: l.subject, First: l.first, Proof: l.proof.Contact(), Origin: l.progress.Record()}
	}
	return r
}

// restore returns the stream as a record keeps it. No time in it may lie ahead: the clock may have been wrong when it was kept.
func restore(r StreamRecord, now time.Time) *stream {
	s := newStream(r.Key, now)
	s.own, s.metadata, s.dirty, s.kept = r.Policy, r.Metadata, false, now
	if !r.First.IsZero() {
		s.first = notAfter(r.First, now)
	}
	for _, l := range r.Links {
		s.links = append(s.links, &link{
			subject: l.Subject, first: notAfter(l.First, now), proof: NewProof(notAfter(l.Proof, now)),
			progress: NewProgress(l.Origin),
		})
	}
	return s
}

func notAfter(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}

// label keeps the keys of the stream's metadata that are wanted.
func (s *stream) label(wanted []string, metadata map[string]string) {
	n, same := 0, true
	for _, key := range wanted {
		value, set := metadata[key]
		if set {
			n++
		}
		before, was := s.metadata[key]
		same = same && set == was && value == before
	}
	if same && n == len(s.metadata) {
		return
	}
	s.metadata, s.dirty = nil, true
	if n > 0 {
		s.metadata = make(map[string]string, n)
	}
	for _, key := range wanted {
		if value, set := metadata[key]; set {
			s.metadata[key] = value
		}
	}
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
