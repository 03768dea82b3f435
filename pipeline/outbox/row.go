package outbox

import (
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// row is a batch of the outbox in memory.
type row struct {
	pipeline.Batch                    // without Changes
	changes        []*pipeline.Change // oldest first; shared among receivers, and never written to
	picture        picture            // of the group with it; empty after a restart
	due            time.Time          // when it was to be told
	page           bool               // something became critical, and did not end
	to             *worker
}

// full returns the batch as the journal keeps it.
func (r *row) full() pipeline.Batch {
	b := r.Batch
	b.Changes = values(r.changes)
	return b
}

func values(changes []*pipeline.Change) []pipeline.Change {
	all := make([]pipeline.Change, len(changes))
	for n, c := range changes {
		all[n] = *c
	}
	return all
}

// keys names changes for the audit.
func keys(changes []*pipeline.Change) []string {
	all := make([]string, len(changes))
	for n, c := range changes {
		all[n] = c.Key()
	}
	return all
}

// waited is how long all of a batch has waited: rows that were merged into it may have been made long after the first.
func (r *row) waited(now time.Time) time.Duration {
	newest := r.Made
	for _, c := range r.changes {
		newest = later(newest, c.At)
	}
	return now.Sub(newest)
}

// asks tells whether a batch asks for somebody's attention: something became critical by it, or is reminded of.
func (r *row) asks() bool {
	return slices.ContainsFunc(r.changes, func(c *pipeline.Change) bool { return pages(c) || c.Kind == pipeline.Reminded })
}

// pages tells whether something became critical by the change.
func pages(c *pipeline.Change) bool {
	return (c.Kind == pipeline.Opened || c.Kind == pipeline.Escalated) && c.Incident.Level == pipeline.Critical
}

// anyPage tells whether changes lead to a page: something became critical by them, and is not over.
func anyPage(changes []*pipeline.Change) bool {
	var over map[string]bool
	for n := len(changes) - 1; n >= 0; n-- {
		c := changes[n]
		switch {
		case c.Kind.Ends():
			if over == nil {
				over = map[string]bool{}
			}
			over[c.Incident.ID] = true
		case pages(c) && !over[c.Incident.ID]:
			return true
		}
	}
	return false
}

// earlier returns the earlier of two times, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
