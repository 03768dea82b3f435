package pipeline

import (
	"maps"
	"slices"
	"time"
)

// This file holds what is kept of a Watch, by its journal or by another Watch.

// Kept is what a Watch decided: it is to be kept together, and the changes in it told.
type Kept struct {
	Streams []StreamRecord // new, or changed in more than their proofs
	Gone    []StreamKey    // streams no longer watched
	Proofs  []ProofPage
	Changes []Change
}

func (k *Kept) empty() bool { return len(k.Streams)+len(k.Gone)+len(k.Proofs)+len(k.Changes) == 0 }

// A start has the records of all streams to give out, each of some hundred bytes: they are given out no faster than they are committed.
const (
	mostDrained = 1000 // records within drainEvery, beside those of streams that changes are about
	drainEvery  = 250 * time.Millisecond
)

// Drain returns what is to be kept since the last call: of very many records some, and Next says when there are more. With all set, every
// one is in it, and every proof page that is not kept as it is.
func (w *Watch) Drain(all bool) (k Kept) {
	if all {
		w.makePages()
	}
	for i := range w.changes {
		if s := w.shelf.find(w.changes[i].Incident.Subject.StreamKey); s != nil {
			w.drain(s, &k)
		}
	}
	if !w.turned.Before(w.drained) {
		w.drained, w.room = w.turned.Add(drainEvery), mostDrained
	}
	for ; len(w.dirty) > 0 && (all || w.room > 0); w.room-- {
		w.drain(w.dirty[0], &k)
		w.dirty = w.dirty[1:]
	}
	switch {
	case len(w.dirty) == 0:
		w.dirty = nil
	case !w.promised.IsZero():
		w.promised = earlier(w.promised, w.drained)
	}
	k.Gone, k.Proofs, k.Changes = w.gone, w.pages.ready, w.changes
	w.gone, w.pages.ready, w.changes = nil, nil, nil
	return k
}

// drain gives a stream's record out, where that is wanted.
func (w *Watch) drain(s *stream, k *Kept) {
	if s.over || !s.drains {
		return
	}
	w.shelf.open(s)
	k.Streams = append(k.Streams, s.record())
	s.dirty, s.drains = false, false
	w.settle()
}

// State returns what another watch on the connection goes on from, in NewWatch: all that is kept of every stream, the open
// incidents, and the rules, subjects and times of those that opened lately. The records hold every proof; the pages are only named.
func (w *Watch) State() State {
	from := State{Incidents: w.tracker.All(), Ended: w.tracker.lately(), Proofs: w.pages.state(w.opt.Connection)}
	for s := range w.each() {
		from.Streams = append(from.Streams, s.record())
	}
	slices.SortFunc(from.Streams, func(a, b StreamRecord) int { return compareKeys(a.Key, b.Key) })
	return from
}

// keep wants a stream's record to be given out.
func (w *Watch) keep(s *stream) {
	if !s.drains {
		s.drains = true
		w.dirty = append(w.dirty, s)
	}
}

// restore goes on with a stream from its record.
func (w *Watch) restore(now time.Time, r *StreamRecord) {
	source := ""
	if len(r.Links) > 0 {
		source = r.Links[0].Subject.Origin
	}
	s := w.newStream(now, r.Key, source, r.Policy, labels(w.opt.Metadata, r.Metadata))
	s.restore(r, now)
	s.dirty = s.dirty || !maps.Equal(s.metadata, r.Metadata)
	if w.opt.Watched != nil && !w.opt.Watched(s.name()) {
		w.end(now, s, ReasonNotIncluded)
		return
	}
	w.add(s)
	w.links += len(s.links)
	if w.opt.Board != nil {
		s.recount(w.opt.Board.shelf(w.opt.Connection).rowsOf(s.key))
	}
	for _, l := range s.links {
		w.join(now, s, l)
	}
	s.spare(now, time.Time{})
	w.judge(now, s)
}
