package outbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// manyOpenings is how many openings may wait for a receiver, never attempted, before everything that waits goes as one
// batch.
const manyOpenings = 10

// patientAttempts is how often a batch is tried before others go first, in case the fault is the batch's own.
const patientAttempts = 5

// queue is what waits for one receiver, in the order of its making. It has no clock.
type queue struct{ rows []*pipeline.Batch }

func (q *queue) add(b pipeline.Batch) { q.rows = append(q.rows, &b) }

func (q *queue) remove(b *pipeline.Batch) {
	q.rows = slices.DeleteFunc(q.rows, func(r *pipeline.Batch) bool { return r == b })
}

// next returns the row to attempt now: of those that wait for no earlier row of the same incident and for no slow
// retry, the first one, unless it was tried patientAttempts times more than another. A row never attempted first takes
// in what can go with it: the rows named in merged are no longer in the queue. Without such a row, due is when the next
// slow retry is; zero: when another row comes.
func (q *queue) next(now time.Time) (b *pipeline.Batch, merged []pipeline.BatchID, due time.Time) {
	tried, seen := map[string]bool{}, map[string]bool{} // incidents in earlier rows: attempted ones, all
	var fresh []*pipeline.Batch
	for _, row := range q.rows {
		free := !anyIncident(row, tried)
		first := !anyIncident(row, seen)
		markIncidents(row, seen)
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
		case b == nil || row.Attempts/patientAttempts < b.Attempts/patientAttempts:
			b = row
		}
	}
	if b == nil {
		return nil, nil, due
	}
	if b.Attempts == 0 {
		b, merged = q.merge(b, fresh)
	}
	return b, merged, time.Time{}
}

// merge puts the fresh rows of b's incident together, or, where too many wait, all of them.
func (q *queue) merge(b *pipeline.Batch, fresh []*pipeline.Batch) (*pipeline.Batch, []pipeline.BatchID) {
	openings := 0
	for _, row := range fresh {
		for i := range row.Changes {
			if row.Changes[i].Kind == pipeline.Opened {
				openings++
			}
		}
	}
	many := openings > manyOpenings
	if !many {
		fresh = slices.DeleteFunc(fresh, func(r *pipeline.Batch) bool { return r.Group != b.Group })
	}
	if len(fresh) == 1 {
		return b, nil
	}
	one := *fresh[0]
	one.Changes = nil
	ids := make([]pipeline.BatchID, 0, len(fresh))
	gone := make(map[*pipeline.Batch]bool, len(fresh))
	for _, row := range fresh {
		ids = append(ids, row.BatchID)
		gone[row] = row != fresh[0]
		one.Changes = append(one.Changes, row.Changes...)
	}
	one.Key = batchKey(one.Changes)
	if many {
		one.Group = one.Key
	}
	q.rows[slices.Index(q.rows, fresh[0])] = &one
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

// single tells whether all changes of b are of the incident that its group is named for.
func single(b *pipeline.Batch) bool { return b.Group == b.Changes[0].Incident.ID }

// ended tells whether b tells the end of its group's incident.
func ended(b *pipeline.Batch) bool { return b.Changes[len(b.Changes)-1].Kind.Ends() }
