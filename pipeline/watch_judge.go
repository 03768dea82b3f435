package pipeline

import (
	"cmp"
	"time"
)

// This file holds what a Watch does with verdicts: on streams, on the connection, and onto the board.

// judge lets every rule judge the stream, and plans from their verdicts when to look again.
func (w *Watch) judge(now time.Time, s *stream) {
	w.catchUpOn(now, s)
	blind := ""
	if w.sight.blind {
		blind = cmp.Or(w.sight.reason, ErrNoAnswer.Error())
	}
	w.uncover(s, -1)
	view := w.judging.see(s, now, blind, w.fresh())
	for i, l := range s.links {
		l.judged = false
		if v := &view.Stream.Links[i]; s.whole != nil && v.Proof.After(l.status.Proof) {
			w.proven++
		}
		l.begin(now, s, &view.Stream.Links[i])
	}
	s.due = time.Time{}
	w.judging.begin(now, s, w.tracker.docket(s.key))
	for _, r := range w.opt.Rules {
		r.Judge(now, view, w.emit)
	}
	for _, l := range s.links {
		if !l.judged {
			l.deadline, l.uncovered = time.Time{}, false
		}
	}
	made, opened := w.endJudging(), w.judging.opened
	if len(made) > 0 { // the origin may tell why, or be there again
		for _, l := range s.links {
			w.hurry(now, l.origin)
		}
	}
	if w.judging.docket != nil || len(made) > 0 {
		w.tell(w.explain(now, s.key, view, made)...)
	}
	w.uncover(s, 1)
	if s.dirty || opened {
		w.keep(s)
	}
	s.calm = w.calmly(now, s)
	w.plan(now, s)
}

// begin starts the link's status anew, keeping what counts over time.
func (l *link) begin(now time.Time, s *stream, v *LinkView) {
	if l.status.Updated.IsZero() {
		l.status.Updated = now
	}
	l.status = LinkStatus{
		Subject: l.subject, Level: OK, First: l.first, Proof: v.Proof,
		Limit: s.policy.SeenCritical.Value, LagLimit: s.policy.LagCritical.Value,
		Reported: l.sample.Reported, Lag: l.sample.Lag, Risk: v.Risk, Unverified: v.Unverified,
		Violations: l.status.Violations, Blackout: l.status.BlackoutAt(now), Updated: now,
	}
}

// judgeConnection lets every rule judge the connection, where it may have changed.
func (w *Watch) judgeConnection(now time.Time) {
	due := !w.connectionDue.IsZero() && !now.Before(w.connectionDue)
	if covered := w.held && w.uncovered == 0; !due && !covered {
		return
	}
	w.connectionDue = time.Time{}
	w.held = !w.sight.blind && w.uncovered > 0
	var made []Change
	key, v := StreamKey{Connection: w.opt.Connection}, &View{Connection: w.connectionView()}
	emit := func(v Verdict) {
		if v.Due.After(now) {
			w.connectionDue = earlier(w.connectionDue, v.Due)
		}
		if change, changed := w.tracker.Judge(now, v); changed {
			made = append(append(made, change), w.tracker.EndOthers(now, change)...)
		}
		if v.Silence {
			w.covering = w.tracker.find(v.Rule, v.Subject) != nil
		}
	}
	for _, r := range w.opt.Rules {
		r.Judge(now, v, emit)
	}
	if due := w.tracker.Due(key); due.After(now) {
		w.connectionDue = earlier(w.connectionDue, due)
	}
	w.tell(w.explain(now, key, v, made)...)
	if w.opt.Board != nil {
		w.opt.Board.PutConnection(w.status())
	}
}

func (w *Watch) connectionView() *ConnectionView {
	period, _ := w.rounds.period()
	c := &ConnectionView{
		Name: w.opt.Connection, Started: w.started, Links: w.links,
		Blind: w.sight.blind, BlindSince: w.sight.since, Reason: w.sight.reason, Answered: w.sight.answered,
		Listed: later(w.roundAt, w.seeing), ListError: w.roundError, Skew: w.skew, Period: period, Uncovered: w.uncovered, Demand: w.demand, Budget: w.rate() * provable,
	}
	if !c.Blind {
		c.BlindSince, c.Reason = w.sight.past.since, w.sight.past.reason
	}
	if c.Blind || w.uncovered > 0 && !w.covering {
		for s := range w.shelf.rows() {
			c.Deadline = earlier(c.Deadline, s.deadline(c.Blind))
		}
	}
	return c
}

func (w *Watch) status() ConnectionStatus {
	period, _ := w.rounds.period()
	return ConnectionStatus{
		Name: w.opt.Connection, Blind: w.sight.blind, Since: w.sight.since, Reason: w.sight.reason,
		Answered: w.sight.answered, Links: w.links, Round: w.roundAt, Unseen: w.unseen,
		Took: w.rounds.took.Seconds(), Period: period.Seconds(), Budget: w.opt.LooksPerSecond, Demand: w.demand, Way: w.way(),
	}
}

// watching tells how many links are watched, and whether they are seen: rounds tell of them.
func (w *Watch) watching() (links int, seen bool) {
	return w.links, !w.roundAt.IsZero() && !w.sight.blind
}

// proofs is how many links were proven anew since it was called last.
func (w *Watch) proofs() (n int) {
	n, w.proven = w.proven, 0
	return n
}

// answer notes an answer. One that ends a blindness is followed by a pair of rounds; links that are overdue, or fall due before
// looks can prove them, get grace, the others are judged when they fall due.
func (w *Watch) answer(now time.Time) {
	if w.sight.blind { // what fell due up to now fell due in blindness
		w.wake(now)
		w.judgeConnection(now)
	}
	if !w.sight.answer(now) {
		return
	}
	w.rounds.soon(now)
	w.connectionDue, w.seeing = now, now
	for s := range w.each() {
		w.forgive(now, s)
	}
	for s := range w.each() {
		w.judge(now, s)
	}
}

func (w *Watch) disconnected(now time.Time, reason string) {
	if w.sight.disconnected(now, reason) {
		w.connectionDue = now
	}
}
