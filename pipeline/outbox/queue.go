package outbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

const (
	manyIncidents   = 10 // changes of more incidents than this, never attempted, wait together: they go as one batch
	fewOwn          = 20 // up to this many incidents with a message of their own are left out of that batch
	patientAttempts = 5  // a batch is tried so often before others go first, in case the fault is the batch's own
)

// queue is what waits for one receiver, in the order of its making. It has no clock.
type queue struct{ rows []*pipeline.Batch }

func (q *queue) add(b pipeline.Batch) { q.rows = append(q.rows, &b) }

func (q *queue) remove(b *pipeline.Batch) {
	q.rows = slices.DeleteFunc(q.rows, func(r *pipeline.Batch) bool { return r == b })
}

// oldest is when the oldest row was made; zero: there is none.
func (q *queue) oldest() (made time.Time) {
	for _, b := range q.rows {
		if made.IsZero() || b.Made.Before(made) {
			made = b.Made
		}
	}
	return made
}

// next returns the row to attempt now: of those that wait for no earlier row of the same incident and for no slow
// retry, one that leads to a page before others, and else the first one; but a row that was tried patientAttempts times
// more than another comes after it. A row never attempted first takes in what can go with it: the rows named in merged
// are no longer in the queue. Without such a row, due is when the next slow retry is; zero: when another row comes.
// own tells whether the receiver holds a message of that incident alone.
func (q *queue) next(now time.Time, own func(incident string) bool) (b *pipeline.Batch, merged []pipeline.BatchID, due time.Time) {
	tried, seen := map[string]bool{}, map[string]bool{} // incidents in earlier rows: attempted ones, all
	urgent := map[string]bool{}                         // incidents that a page waits for
	var fresh, ready []*pipeline.Batch
	for _, row := range q.rows {
		free := !anyIncident(row, tried)
		first := !anyIncident(row, seen)
		markIncidents(row, seen)
		markUrgent(row, urgent)
		if row.Attempts > 0 {
			markIncidents(row, tried)
		} else if free {
			fresh = append(fresh, row)
		}
		switch {
		case !first:
		case row.Refused > 0 && row.NextTry.After(now):
			if due.IsZero() || row.NextTry.Before(due) {
				due = row.NextTry
			}
		default:
			ready = append(ready, row)
		}
	}
	many := tooMany(fresh, own)
	if slices.ContainsFunc(many, func(r *pipeline.Batch) bool { return anyIncident(r, urgent) }) {
		for _, row := range many {
			markIncidents(row, urgent)
		}
	}
	for _, row := range ready {
		if b == nil || sooner(row, b, urgent) {
			b = row
		}
	}
	switch {
	case b == nil:
		return nil, nil, due
	case b.Attempts > 0:
		return b, nil, time.Time{}
	case !slices.Contains(many, b):
		many = slices.DeleteFunc(fresh, func(r *pipeline.Batch) bool { return r.Group != b.Group })
	}
	b, merged = q.merge(many)
	return b, merged, time.Time{}
}

// sooner tells whether a goes before b, which was made earlier.
func sooner(a, b *pipeline.Batch, urgent map[string]bool) bool {
	if x, y := a.Attempts/patientAttempts, b.Attempts/patientAttempts; x != y {
		return x < y
	}
	return anyIncident(a, urgent) && !anyIncident(b, urgent)
}

// tooMany returns those of the fresh rows that are to go as one batch; nil if they are of few incidents. It leaves out
// incidents with a message of their own, which has to be edited, unless these are too many as well.
func tooMany(fresh []*pipeline.Batch, own func(incident string) bool) []*pipeline.Batch {
	incidents, owned := map[string]bool{}, map[string]bool{}
	for _, row := range fresh {
		if own(row.Group) {
			owned[row.Group] = true
		} else {
			incidents[row.Group] = true
		}
	}
	many := slices.Clone(fresh)
	if len(owned) <= fewOwn {
		many = slices.DeleteFunc(many, func(r *pipeline.Batch) bool { return owned[r.Group] })
	} else {
		maps.Copy(incidents, owned)
	}
	if len(incidents) <= manyIncidents {
		return nil
	}
	return many
}

// merge puts rows never attempted together as one, in the place of the first.
func (q *queue) merge(rows []*pipeline.Batch) (*pipeline.Batch, []pipeline.BatchID) {
	if len(rows) == 1 {
		return rows[0], nil
	}
	one := *rows[0]
	one.Changes = nil
	ids := make([]pipeline.BatchID, 0, len(rows))
	gone := make(map[*pipeline.Batch]bool, len(rows))
	many := false
	for _, row := range rows {
		ids = append(ids, row.BatchID)
		gone[row] = row != rows[0]
		many = many || row.Group != one.Group
		one.Changes = append(one.Changes, row.Changes...)
	}
	one.Key = batchKey(one.Changes)
	if many {
		one.Group = one.Key
	}
	q.rows[slices.Index(q.rows, rows[0])] = &one
	q.rows = slices.DeleteFunc(q.rows, func(r *pipeline.Batch) bool { return gone[r] })
	return &one, ids
}

// batchKey names a batch by its changes: the first one's key, how many more there are, and a hash of what they are. The
// hash tells apart two changes that bear one number because state was lost between them.
func batchKey(changes []pipeline.Change) string {
	hash := sha256.New()
	for i := range changes {
		c := &changes[i]
		fmt.Fprintln(hash, c.Key(), c.Kind, c.At.UnixNano())
	}
	key := changes[0].Key()
	if len(changes) > 1 {
		key += fmt.Sprintf("+%d", len(changes)-1)
	}
	return key + "-" + hex.EncodeToString(hash.Sum(nil)[:4])
}

func anyIncident(b *pipeline.Batch, set map[string]bool) bool {
	return slices.ContainsFunc(b.Changes, func(c pipeline.Change) bool { return set[c.Incident.ID] })
}

func markIncidents(b *pipeline.Batch, set map[string]bool) {
	for i := range b.Changes {
		set[b.Changes[i].Incident.ID] = true
	}
}

// markUrgent marks the incidents whose page waits in b or before it, and whose end does not.
func markUrgent(b *pipeline.Batch, set map[string]bool) {
	for i := range b.Changes {
		c := &b.Changes[i]
		switch {
		case pages(c):
			set[c.Incident.ID] = true
		case c.Kind.Ends():
			delete(set, c.Incident.ID)
		}
	}
}

func anyPage(b *pipeline.Batch) bool {
	return slices.ContainsFunc(b.Changes, func(c pipeline.Change) bool { return pages(&c) })
}

// pages tells whether something became critical by the change.
func pages(c *pipeline.Change) bool {
	return (c.Kind == pipeline.Opened || c.Kind == pipeline.Escalated) && c.Incident.Level == pipeline.Critical
}

// single tells whether all changes of b are of the incident that its group is named for.
func single(b *pipeline.Batch) bool { return b.Group == b.Changes[0].Incident.ID }
