package outbox

import (
	"time"

	"mirrorwatch/pipeline"
)

// reconfigure puts another dispatch in force. Receivers that stay keep all that waits for them and what they were told; an
// attempt under way goes on to its end with the notifier that began it. Those that left are given up on.
func (o *Outbox) reconfigure(d Dispatch, now time.Time) {
	o.gate.setWindows(now, d.Windows)
	o.mu.Lock()
	defer o.mu.Unlock()
	before := map[string]*worker{}
	for _, w := range o.workers {
		before[w.Name] = w
	}
	o.configure(d)
	o.workers = nil
	o.eachReceiver(d, func(r pipeline.Receiver, direct bool) {
		w := before[r.Name]
		if w != nil {
			delete(before, r.Name)
			w.replace(r, direct, d, o.timings(direct), now)
		} else {
			w = newWorker(r.Name, o.gate, &o.order, o.log)
			w.configure(r, direct, d)
			w.save = o.save
			if o.start != nil {
				o.start(w)
			}
		}
		o.workers = append(o.workers, w)
	})
	for _, w := range before {
		w.leave(now)
	}
}

// replace puts another notifier in place of the worker's, and other times.
func (w *worker) replace(r pipeline.Receiver, direct bool, d Dispatch, timings func(string) timing, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	another := formatOf(w.Notifier) != formatOf(r.Notifier)
	w.configure(r, direct, d)
	w.refresh.due = time.Time{}
	w.pause.lift()
	w.silences = 0 // another receiver may be silenced, or not
	for _, g := range w.groups {
		g.timing = timings(g.route)
		if another { // nor is what the old one rendered any use to it
			g.receipt = nil
		}
		w.queue.put(g, now, w.draining)
	}
	w.rouse()
}

// leave gives up on all that waits for a receiver that is no longer configured.
func (w *worker) leave(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	w.flushIf()
	var c pipeline.Commit
	rows := 0
	for _, g := range w.groups {
		gone := abandoned(g.rows(), now)
		rows += len(gone.Done)
		c.Done, c.Attempts = append(c.Done, gone.Done...), append(c.Attempts, gone.Attempts...)
		if g.recorded {
			c.Groups = append(c.Groups, pipeline.GroupRecord{Receiver: w.Name, Group: g.id})
		}
	}
	w.log.Warn("receiver is no longer configured", "given_up", rows)
	if !vacant(c) {
		w.save(c)
	}
	w.rouse()
}

// abandoned gives up on rows of a receiver that is no longer configured.
func abandoned(rows []*row, now time.Time) (c pipeline.Commit) {
	for _, r := range rows {
		c.Done = append(c.Done, r.BatchID)
		c.Attempts = append(c.Attempts, pipeline.Attempt{
			BatchID: r.BatchID, Changes: keys(r.changes), At: now, Number: r.Attempts, Outcome: pipeline.OutcomeGivenUp,
			Error: "receiver is no longer configured",
		})
	}
	return c
}

// flushIf hands in what was planned, if anything was.
func (w *worker) flushIf() {
	if !vacant(w.unsaved) {
		w.flush()
	}
}

// orphan gives up on what an earlier run left of a receiver that is no longer configured.
func (o *Outbox) orphan(name string, was *memory, now time.Time) {
	gone := abandoned(was.rows, now)
	o.leftover.Done, o.leftover.Attempts = append(o.leftover.Done, gone.Done...), append(o.leftover.Attempts, gone.Attempts...)
	for _, g := range was.groups {
		o.leftover.Groups = append(o.leftover.Groups, pipeline.GroupRecord{Receiver: name, Group: g.Group})
	}
	o.log.Warn("receiver is no longer configured", "receiver", name, "given_up", len(was.rows))
}

// vacant tells whether a worker's commit says nothing.
func vacant(c pipeline.Commit) bool {
	return len(c.Batches)+len(c.Merged)+len(c.Done)+len(c.Groups)+len(c.Attempts)+len(c.Events) == 0
}
