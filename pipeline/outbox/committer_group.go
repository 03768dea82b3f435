package outbox

import (
	"errors"
	"time"

	"mirrorwatch/pipeline"
)

// errJournal tells a worker that what it handed in is not on disk yet.
var errJournal = errors.New("journal cannot be written")

// commitGroup is what goes to disk together, and who is concerned.
type commitGroup struct {
	content
	due    time.Time      // when to commit it
	fresh  []*row         // that the outbox gets once they are on disk
	savers []chan<- error // each told once; they never block
}

func newCommitGroup() commitGroup { return commitGroup{content: newContent()} }

// add takes content in and sets when it is due: changes soon, records and proofs alone later.
func (g *commitGroup) add(c pipeline.Commit, now time.Time) {
	due := now.Add(rideWait)
	if len(c.Changes) > 0 {
		due = now.Add(groupWait)
	}
	if g.empty() || due.Before(g.due) {
		g.due = due
	}
	g.content.add(c)
}

// join takes in a group that came later.
func (g *commitGroup) join(later commitGroup) {
	if later.empty() {
		return
	}
	if g.empty() || later.due.Before(g.due) {
		g.due = later.due
	}
	g.content.add(later.commit())
	g.fresh = append(g.fresh, later.fresh...)
	g.savers = append(g.savers, later.savers...)
}
