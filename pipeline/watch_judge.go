package pipeline

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// This file holds what a Watch does with verdicts: on streams, on the connection, and onto the board.

// judge lets every rule judge the stream, and plans from their verdicts when to look again.
func (w *Watch) judge(now time.Time, s *stream) {
	blind := ""
	if w.sight.blind {
		blind = cmp.Or(w.sight.reason, ErrNoAnswer.Error())
	}
	w.uncover(s, -1)
	for _, l := range s.links {
		l.uncovered = false
		l.begin(now, s, w.fresh())
	}
	s.due = time.Time{}
	ahead := time.Time{}
	spoken := map[incidentKey]bool{}
	opened := false
	var made []Change
	view := s.view(now, blind, w.covering, w.fresh())
	for _, r := range w.opt.Rules {
		r.Judge(now, view, func(v Verdict) {
			spoken[incidentKey{v.Rule, v.Subject}] = true
			if v.Due.After(now) {
				s.due = earlier(s.due, v.Due)
				if v.Silence {
					ahead = earlier(ahead, v.Due)
				}
			}
			change, changed := w.tracker.Judge(now, v)
			if changed {
				made = append(made, change)
				opened = opened || change.Kind == Opened
			}
			if v.Silence {
				ahead = earlier(ahead, w.tracker.held(v.Rule, v.Subject))
			}
			s.note(v, w.tracker.find(v.Rule, v.Subject) != nil, changed && change.Kind == Opened)
		})
	}
	if blind == "" || !ahead.IsZero() {
		s.deadline = ahead
	}
	if s.whole != nil && (w.tracker.Has(s.key) || w.tracker.waits(s.key)) {
		made = append(made, w.tracker.CloseRest(now, s.key, ReasonLimitRemoved, func(rule string, subject Subject) bool {
			return spoken[incidentKey{rule, subject}]
		})...)
	}
	if due := w.tracker.Due(s.key); due.After(now) {
		s.due = earlier(s.due, due)
	}
	if opened {
		for _, l := range s.links {
			w.hurry(now, l.origin)
		}
	}
	w.tell(w.explain(now, s.key, view, made)...)
	w.uncover(s, 1)
	if s.dirty || opened || now.Sub(s.kept) >= keepEvery {
		w.dirty[s.key] = s
	}
	w.show(s)
	w.plan(now, s)
}

// begin starts the link's status anew, keeping what counts over time.
func (l *link) begin(now time.Time, s *stream, fresh time.Duration) {
	if l.status.Updated.IsZero() {
		l.status.Updated = now
	}
	l.status = LinkStatus{
		Subject: l.subject, Level: OK, First: l.first, Proof: l.proof.Contact(),
		Limit: s.policy.SeenCritical.Value, LagLimit: s.policy.LagCritical.Value,
		Reported: l.sample.Reported, Lag: l.sample.Lag,
		Risk: l.risk(now, s, fresh), Unverified: l.unverified(now, fresh),
		Violations: l.status.Violations, Blackout: l.status.BlackoutAt(now), Updated: now,
	}
}

// note writes a verdict into the status of the links that it is about.
func (s *stream) note(v Verdict, open, opened bool) {
	for _, l := range s.links {
		if v.Subject != l.subject && !v.Subject.IsStream() {
			continue
		}
		st := &l.status
		// What another rule cannot tell just now makes a link no less proven.
		if v.Level.Worse(st.Level) && (v.Level != Unknown || v.Silence) {
			st.Level, st.Reason = v.Level, v.Reason
		}
		if !v.Silence {
			continue
		}
		l.rule = v.Rule
		st.Dark = open && v.Level != OK
		st.Starting = v.Level == Unknown && v.Reason != ReasonBlind
		l.uncovered = !open && (v.Reason == ReasonBlind || v.Reason == ReasonStarting)
		if opened {
			st.Violations++
		}
	}
}

// show puts the stream on the board.
func (w *Watch) show(s *stream) {
	if w.opt.Board == nil {
		return
	}
	rows := make([]LinkStatus, len(s.links))
	for i, l := range s.links {
		rows[i] = l.status
	}
	w.opt.Board.Put(s.key, rows)
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
	for _, r := range w.opt.Rules {
		r.Judge(now, v, func(v Verdict) {
			if v.Due.After(now) {
				w.connectionDue = earlier(w.connectionDue, v.Due)
			}
			if change, changed := w.tracker.Judge(now, v); changed {
				made = append(made, change)
			}
			if v.Silence {
				w.covering = w.tracker.find(v.Rule, v.Subject) != nil
			}
		})
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
	if c.Blind {
		for _, s := range w.streams {
			c.Deadline = earlier(c.Deadline, s.deadline)
		}
	}
	return c
}

func (w *Watch) status() ConnectionStatus {
	period, _ := w.rounds.period()
	return ConnectionStatus{
		Name: w.opt.Connection, Blind: w.sight.blind, Since: w.sight.since, Reason: w.sight.reason,
		Answered: w.sight.answered, Links: w.links, Round: w.roundAt, Unseen: w.unseen,
		Took: w.rounds.took.Seconds(), Period: period.Seconds(), Budget: w.opt.LooksPerSecond, Demand: w.demand,
	}
}

// answer notes an answer. One that ends a blindness is followed by a pair of rounds; links that are overdue
// and covered by the connection's incident get grace, the others are judged when they fall due.
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
	for _, key := range slices.SortedFunc(maps.Keys(w.streams), compareKeys) {
		s := w.streams[key]
		for _, l := range s.links {
			if l.uncovered && w.covering {
				l.grace, l.graced, l.covered = now.Add(graceFor), l.proof.Contact(), true
			}
		}
		w.judge(now, s)
	}
}

func (w *Watch) disconnected(now time.Time, reason string) {
	if w.sight.disconnected(now, reason) {
		w.connectionDue = now
	}
}
