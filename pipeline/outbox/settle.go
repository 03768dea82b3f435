package outbox

import (
	"time"

	"mirrorwatch/pipeline"
)

// settle draws the consequences of an attempt and hands in what is to be kept of them.
func (w *worker) settle(g *group, r *row, body []byte, receipt pipeline.Receipt, err error, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return // it was given up on meanwhile
	}
	if r.Body == nil {
		r.Body = body
	}
	if r.Format != formatOf(w.Notifier) { // it was replaced meanwhile
		receipt = nil
	}
	a := pipeline.Attempt{BatchID: r.BatchID, At: now, Number: r.Attempts}
	if err == nil {
		a.Outcome = pipeline.OutcomeDelivered
		w.stats.Delivered++
		if w.stats.Error != "" {
			w.log.Info("receiver accepts again", "batch", r.Key)
		}
		w.stats.Error, w.stats.Broken, w.trouble = "", time.Time{}, trouble{}
		w.pause = pause{}
		g.toldAt(r, now)
		if r.asks() { // what comes late is not reminded of at once
			g.paged = now
		}
		w.finish(g, r, receipt, a, now)
		return
	}
	a.Error = err.Error()
	w.logFailure(r, err, now)
	w.stats.Error, r.LastError = a.Error, a.Error
	switch {
	case pipeline.IsBroken(err):
		w.breaks(g, r, a, now)
	case pipeline.IsFinal(err):
		w.pause, w.stats.Broken = pause{}, time.Time{} // it answered
		w.giveUp(g, r, a, now)
	case pipeline.IsPermanent(err):
		w.refused(g, r, a, now)
	default:
		w.pause.fail(now, pipeline.RetryDelay(err))
		if r.Attempts >= patientAttempts && w.mayPark(r, now) {
			g.park(r)
		}
		w.keep(g, r, a, now)
	}
}

// mayPark tells whether others of its group may go ahead of a batch that fails again and again. With many that fail it is the receiver, and
// not the batch: what waits is then better told together, later, than in a message for each few minutes of the outage.
func (w *worker) mayPark(r *row, now time.Time) bool {
	failing := 0
	for _, g := range w.groups {
		for _, p := range g.parked {
			if p == r {
				return true
			}
			if p.Refused == 0 {
				failing++
			}
		}
	}
	if failing >= mostFailing && now.Sub(w.parkedAt) < parkAgain {
		return false
	}
	w.parkedAt = now
	return true
}

// keep keeps a batch for another attempt, and gives up on what has waited too long.
func (w *worker) keep(g *group, r *row, a pipeline.Attempt, now time.Time) {
	if r.waited(now) >= w.keepFor {
		w.giveUp(g, r, a, now)
	} else {
		w.again(g, r, a, now)
	}
	w.expire(now)
}

// again keeps a batch for another attempt after the receiver's pause.
func (w *worker) again(g *group, r *row, a pipeline.Attempt, now time.Time) {
	a.Outcome = pipeline.OutcomeRetry
	w.stats.Retried++
	r.NextTry, r.UrgentTry = w.pause.until, w.pause.urgent
	if !w.stats.Broken.IsZero() { // a restart may mend it
		r.UrgentTry = time.Time{}
	}
	w.save(pipeline.Commit{Batches: []pipeline.Batch{r.full()}, Attempts: []pipeline.Attempt{a}})
	w.settled(g, now)
}

// refused keeps a batch for some slow attempts, while others go ahead.
func (w *worker) refused(g *group, r *row, a pipeline.Attempt, now time.Time) {
	w.pause, w.stats.Broken = pause{}, time.Time{} // it answered
	r.Refused++
	wait, more := slowRetry(r.Refused)
	if !more {
		w.giveUp(g, r, a, now)
		return
	}
	a.Outcome = pipeline.OutcomeRefused
	w.stats.Refused++
	r.NextTry, r.UrgentTry = now.Add(wait), time.Time{}
	g.park(r)
	w.save(pipeline.Commit{Batches: []pipeline.Batch{r.full()}, Attempts: []pipeline.Attempt{a}})
	w.settled(g, now)
}

// breaks keeps a batch for a receiver that refuses us as a whole.
func (w *worker) breaks(g *group, r *row, a pipeline.Attempt, now time.Time) {
	if w.stats.Broken.IsZero() {
		w.stats.Broken = now
		w.log.Error("receiver is broken: batches are kept for it", "error", a.Error, "keep_for", w.keepFor)
	}
	w.pause.breaks(now)
	w.keep(g, r, a, now)
}

// expire gives up on rows that have waited for too long for a receiver that takes nothing.
func (w *worker) expire(now time.Time) {
	for _, g := range w.groups {
		for _, r := range g.rows() {
			if r.Held != "" || r.waited(now) < w.keepFor {
				continue
			}
			if r.Attempts == 0 {
				for _, c := range r.changes {
					w.tell(g, c)
				}
				g.drop(r)
			}
			w.giveUp(g, r, pipeline.Attempt{BatchID: r.BatchID, At: now, Number: r.Attempts, Error: w.stats.Error}, now)
		}
	}
}

// giveUp ends a batch that was not delivered.
func (w *worker) giveUp(g *group, r *row, a pipeline.Attempt, now time.Time) {
	a.Outcome = pipeline.OutcomeGivenUp
	w.stats.GivenUp++
	w.log.Error("batch given up on", "batch", r.Key, "attempts", r.Attempts, "error", a.Error)
	w.finish(g, r, nil, a, now)
}

// finish takes r out. A receipt lives as long as something of what was told is open.
func (w *worker) finish(g *group, r *row, receipt pipeline.Receipt, a pipeline.Attempt, now time.Time) {
	a.Changes = keys(r.changes)
	c := pipeline.Commit{Done: []pipeline.BatchID{r.BatchID}, Attempts: []pipeline.Attempt{a}}
	g.unlink(r)
	for _, one := range r.changes {
		if m := g.members[one.Incident.ID]; m != nil && m.parked == r {
			m.parked = nil
		}
	}
	g.recount()
	g.quiet = false // what waited behind it may be reminded of
	renew := r.Attempts > 1
	if len(receipt) > 0 && string(receipt) != string(g.receipt) {
		g.receipt, renew = receipt, true
	}
	switch {
	case g.open > 0 && len(g.chain) == 0 && (renew || g.stale):
		g.stale, g.recorded = false, true
		c.Groups = []pipeline.GroupRecord{g.record(w.Name)}
	case g.open > 0 || len(g.chain)+len(g.parked) > 0:
		g.stale = g.stale || renew
	default:
		if g.recorded {
			c.Groups = []pipeline.GroupRecord{{Receiver: w.Name, Group: g.id}}
		}
		g.forgetTelling()
	}
	w.save(c)
	w.settled(g, now)
}
