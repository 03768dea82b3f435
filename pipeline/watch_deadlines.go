package pipeline

import "time"

// This file holds the looks that deadlines ask for, and what rounds leave of them.

// deadlineLook is when the stream is next to be looked at for a deadline that nears, zero: not before the deadline. Where
// many limits are not met by rounds, pairs are spread over the second half of the time before their deadlines. Where the first look of
// such a one finds no stamp to build on, the second is left to the deadline's own pair: alone it would prove nothing.
func (w *Watch) deadlineLook(s *stream) time.Time {
	if s.due.IsZero() {
		return time.Time{}
	}
	ahead := w.ahead(s.kin)
	first := s.due.Add(-firstLook - ahead)
	if float64(w.demanding) > min(mostAsked, w.budget.perSec)/2 && w.demandOf(s.kin) > 0 {
		early := first.Add(-time.Duration(s.phase * float64(s.policy.SeenCritical.Value-ahead-firstLook) / 2))
		if at := s.pairLook(early); at.Equal(early) || !at.IsZero() && !(s.lost() && at.Before(first)) {
			return at
		}
	}
	return s.pairLook(first)
}

// sameLook is how much before its time a look may have been made, and count: what answers take, and deadlines with it, changes a
// little from answer to answer.
const sameLook = 100 * time.Millisecond

// pairLook is when the stream is next to be looked at for a pair that begins at some time, zero: both looks were made. Where answers
// take their time, the two may not prove a link that is wary (proof.go): the wary look between them does.
func (s *stream) pairLook(begin time.Time) time.Time {
	if s.asked.Before(begin.Add(-sameLook)) {
		return begin
	}
	if end := earlier(begin, s.asked).Add(pairApart); s.asked.Before(end.Add(-sameLook)) {
		return end
	}
	return time.Time{}
}

// ahead is how much earlier a deadline's looks begin because answers take their time.
func (w *Watch) ahead(k *kin) time.Duration {
	ahead := min(2*w.took, mostAhead)
	if k.limited() {
		ahead = min(ahead, max(0, k.policy.SeenCritical.Value-firstLook)/2)
	}
	return ahead
}

// demandOf is how many looks a second the limit of a stream asks for beside the rounds.
func (w *Watch) demandOf(k *kin) float64 {
	if !k.limited() {
		return 0
	}
	return w.rounds.demand(k.policy.SeenCritical.Value - w.ahead(k))
}

// met tells whether rounds, each a pair, prove contact again before a limit that is set nears.
func (w *Watch) met(s *stream) bool {
	_, paired := w.rounds.period()
	return paired && w.roundError == "" && s.limited() && w.demandOf(s.kin) == 0
}
