package journal_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/journal"
)

// model is what a journal holds, in memory.
type model struct {
	incidents map[string]pipeline.Incident
	rows      map[pipeline.BatchID]pipeline.Batch
	changes   []pipeline.Change // all that were committed
	order     uint64
}

func (m *model) commit(t *rapid.T, now time.Time) (c pipeline.Commit) {
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		id := fmt.Sprintf("mw-%d", rapid.IntRange(0, 5).Draw(t, "id"))
		was, open := m.incidents[id]
		kind := pipeline.Opened
		if open {
			kind = rapid.SampledFrom([]pipeline.ChangeKind{pipeline.Updated, pipeline.Resolved}).Draw(t, "kind")
		}
		next := change(kind, id, was.Changes+1)
		next.At, next.Incident.Opened = now, now
		c.Changes = append(c.Changes, next)
		m.changes = append(m.changes, next)
		if m.incidents[id] = next.Incident; kind.Ends() {
			delete(m.incidents, id)
		}
	}
	rows := slices.SortedFunc(maps.Keys(m.rows), func(a, b pipeline.BatchID) int {
		return cmp.Or(cmp.Compare(a.Receiver, b.Receiver), cmp.Compare(a.Key, b.Key))
	})
	for range rapid.IntRange(0, 3).Draw(t, "batches") {
		if len(m.changes) == 0 {
			break
		}
		m.order++
		b := pipeline.Batch{Order: m.order, Made: now}
		b.BatchID = pipeline.BatchID{
			Receiver: rapid.SampledFrom([]string{"ops", "slack"}).Draw(t, "receiver"), Key: fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "key")),
		}
		for range rapid.IntRange(1, 6).Draw(t, "members") {
			one := m.changes[max(0, len(m.changes)-1-rapid.IntRange(0, 30).Draw(t, "back"))]
			if rapid.IntRange(0, 9).Draw(t, "reminder") == 0 {
				one.Kind, one.At = pipeline.Reminded, now
			}
			b.Changes = append(b.Changes, one)
		}
		c.Batches, m.rows[b.BatchID] = append(c.Batches, b), b
	}
	for range rapid.IntRange(0, 3).Draw(t, "done") {
		if len(rows) > 0 {
			id := rapid.SampledFrom(rows).Draw(t, "row")
			c.Done = append(c.Done, id)
			delete(m.rows, id)
		}
	}
	return c
}

// Whatever is committed, removed by retention, compacted and opened anew: the state is what the commits say, and the audit holds.
func TestStateAndAuditHoldOverAnyCommits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		m := &model{incidents: map[string]pipeline.Incident{}, rows: map[pipeline.BatchID]pipeline.Batch{}}
		j := open(t, dir, start)
		now := start
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 100).Draw(rt, "minutes")) * time.Minute)
			j.SetRetention(journal.Options{Size: 8000, Age: 6 * time.Hour})
			commit(t, j, m.commit(rt, now))
			switch rapid.IntRange(0, 8).Draw(rt, "then") {
			case 0:
				if err := j.Compact(); err != nil {
					rt.Fatal(err)
				}
			case 1:
				verified(t, j, dir)
				j = open(t, dir, now)
			}
		}
		verified(t, j, dir)
		j = open(t, dir, now)
		got := load(t, j)
		_ = j.Close()
		want := pipeline.State{Incidents: slices.Collect(maps.Values(m.incidents)), Outbox: slices.Collect(maps.Values(m.rows))}
		slices.SortFunc(want.Incidents, func(a, b pipeline.Incident) int { return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID)) })
		slices.SortFunc(want.Outbox, func(a, b pipeline.Batch) int { return cmp.Compare(a.Order, b.Order) })
		if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(pipeline.State{}, "Ended"), cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("state (-want +got):\n%s", diff)
		}
		if n := len(told(t, open(t, dir, now))); len(m.rows) == 0 && len(m.incidents) == 0 && n > 60 {
			rt.Errorf("%d records", n)
		}
	})
}
