package pipeline

import (
	"iter"
	"time"
)

// This file holds what a Watch does with single streams: taking in what was seen of them, and forgetting them.

// endedFor is how long a forgotten stream is remembered, so that answers to older questions do not bring it back.
const endedFor = time.Minute

// silent tells whether the stream did not answer last time.
func (s *stream) silent() bool { return !s.fault.Answered() }

// observeWhole takes in a complete sample. Streams that are no link's end, or that are taken out, are not kept, and
// none whose name is longer than any server allows.
func (w *Watch) observeWhole(now time.Time, s *stream, sample *Sample) {
	switch {
	case s == nil && (len(sample.Links) == 0 || sample.policy().Disabled || !fit(sample.Key.Stream, "")):
		w.plain[w.shelf.hash(sample.Key)] = w.round
		return
	case s == nil && sample.Asked.Before(w.ended[sample.Key]):
		return // asked before it was forgotten
	case s == nil:
		delete(w.plain, w.shelf.hash(sample.Key))
		s = w.newStream(now, sample.Key, sample.Links[0].Origin, *sample.policy(), labels(w.opt.Metadata, sample.metadata()))
		w.add(s)
	case s.whole != nil && sample.Asked.Before(s.whole.Asked) && sample.ServerTime.Before(s.whole.ServerTime):
		return // overtaken by a newer answer
	case sample.policy().Disabled:
		w.end(now, s, ReasonDisabled)
		return
	case len(sample.Links) == 0 && len(s.links) == 0:
		w.end(now, s, ReasonNoLink)
		return
	case len(sample.Links) == 0 && s.mirror():
		w.end(now, s, ReasonPromoted)
		return
	case len(sample.Links) == 0:
		w.end(now, s, ReasonNoSources)
		return
	}
	before, unlimited, rule := len(s.links), false, ""
	if own := sample.policy(); s.limited() && !s.own.equal(own) {
		if next := own.Over(w.opt.Defaults); !limited(&next) {
			unlimited, rule = true, s.silenceRule()
		}
	}
	w.uncover(s, -1)
	removed := s.take(now, sample)
	for _, l := range removed {
		w.leave(s, l)
	}
	for _, l := range s.links {
		w.join(now, s, l)
		if o := l.origin; o != nil && o.canAskExactly() && l.progress.inexact() {
			o.exact = true
			w.hurry(now, o)
		}
	}
	w.uncover(s, 1)
	w.links += len(s.links) - before
	limit := s.policy.SeenCritical
	w.govern(s, sample.policy(), sample.metadata())
	if s.policy.SeenCritical != limit {
		s.unforgive()
	}
	for _, l := range removed {
		w.endLink(now, l.subject)
	}
	if unlimited && !w.hasSilence(s) {
		w.tell(w.tracker.Tell(now, rule, Subject{StreamKey: s.key}, ReasonLimitRemoved))
	}
	w.witness(s)
	w.judge(now, s)
}

// newStream returns a stream, open, that is not on the shelf yet. Source is its first link's origin; empty: it has none.
func (w *Watch) newStream(now time.Time, key StreamKey, source string, own Policy, metadata map[string]string) *stream {
	s := &stream{shared: w.kins.join(key, own, metadata)}
	w.shelf.fresh(s, key.Stream, source)
	s.first, s.dirty = now, true
	return s
}

// add takes an open stream in, of which no round told yet.
func (w *Watch) add(s *stream) {
	w.shelf.add(s)
	for s.number >= uint32(len(w.listed)) {
		w.listed = appendTight(w.listed, 0)
	}
	w.listed[s.number] = 0
}

// govern puts a stream's own policy in force, and keeps the wanted keys of its metadata.
func (w *Watch) govern(s *stream, own *Policy, metadata map[string]string) {
	if s.own.equal(own) && s.labelled(w.opt.Metadata, metadata) {
		return
	}
	before := s.kin
	s.kin, s.dirty = w.kins.join(s.key, *own, labels(w.opt.Metadata, metadata)), true
	w.kins.leave(before)
}

// stream returns a stream, open; nil: it is not watched.
func (w *Watch) stream(key StreamKey) *stream {
	s := w.shelf.seek(key)
	if s == nil {
		return nil
	}
	return w.shelf.open(s)
}

// each opens the streams one after the other.
func (w *Watch) each() iter.Seq[*stream] {
	return func(yield func(*stream) bool) {
		for _, s := range w.shelf.all() {
			m := w.shelf.mark()
			on := yield(w.shelf.open(s))
			w.shelf.settle(m)
			if !on {
				return
			}
		}
	}
}

// settle puts back what was opened.
func (w *Watch) settle() { w.shelf.settle(mark{}) }

// observeFault takes in that a stream could not be seen. One that is not known yet is kept: it may hold links.
func (w *Watch) observeFault(now time.Time, s *stream, sample *Sample) {
	_, plain := w.plain[w.shelf.hash(sample.Key)]
	switch {
	case s == nil && (plain || sample.Fault.Kind == FaultNotFound || !fit(sample.Key.Stream, "") || sample.Asked.Before(w.ended[sample.Key])):
		return
	case s == nil:
		s = w.newStream(now, sample.Key, "", Policy{}, nil)
		w.add(s)
	case s.whole != nil && sample.Asked.Before(s.whole.Asked):
		return // a newer look saw it
	}
	s.fault = sample.Fault
	if s.fault.Kind == FaultOffline {
		s.lead(now, false)
	}
	if sample.Fault.Kind != FaultNotFound {
		s.gone = time.Time{}
	} else if s.gone.IsZero() {
		s.gone = now
	} else if now.Sub(s.gone) >= confirmGone {
		w.end(now, s, ReasonDeleted)
		return
	}
	w.judge(now, s)
}

// end forgets a stream: what is open on it closes with the reason, and where nothing is open people are told so once.
func (w *Watch) end(now time.Time, s *stream, reason string) {
	closed := w.tracker.CloseRest(now, s.key, reason, nil)
	if len(closed) == 0 && len(s.links) > 0 {
		closed = append(closed, w.tracker.Tell(now, s.silenceRule(), Subject{StreamKey: s.key}, reason))
	}
	for n := range closed {
		w.mark(s, &closed[n].Incident)
	}
	w.tell(closed...)
	w.uncover(s, -1)
	if w.shelf.find(s.key) == s {
		w.wakes.set(s, time.Time{})
		w.links -= len(s.links)
		for _, l := range s.links {
			w.leave(s, l)
		}
		w.shelf.remove(s)
	}
	w.kins.leave(s.kin)
	s.over = true
	w.gone = append(w.gone, s.key)
	w.ended[s.key] = now
	w.connectionDue = now
}

// endLink closes what is open on one link that its stream no longer has.
func (w *Watch) endLink(now time.Time, subject Subject) {
	const reason = ReasonSourceRemoved
	closed := w.tracker.CloseRest(now, subject.StreamKey, reason, func(_ string, s Subject) bool { return s != subject })
	if s := w.stream(subject.StreamKey); len(closed) == 0 && s != nil {
		closed = append(closed, w.tracker.Tell(now, s.silenceRule(), subject, reason))
	}
	w.tell(closed...)
}

// silenceRule names the rule that judged the stream's silence last.
func (s *stream) silenceRule() string {
	for _, l := range s.links {
		if l.rule != "" {
			return l.rule
		}
	}
	return RuleSeen
}

// hasSilence tells whether an incident about a link's silence is open on the stream.
func (w *Watch) hasSilence(s *stream) bool {
	for _, l := range s.links {
		if l.rule != "" && w.tracker.find(l.rule, l.subject) != nil {
			return true
		}
	}
	return false
}

// uncover adds the stream's uncovered links to the count, n times.
func (w *Watch) uncover(s *stream, n int) {
	for _, l := range s.links {
		if l.uncovered {
			w.uncovered += n
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
