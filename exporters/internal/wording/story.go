// Package wording tells changes in words for people: what happened, how bad it is, what it means and what to look at
// next. Its functions are pure; what they return holds data as it came, so a destination escapes it.
package wording

import (
	"cmp"
	"slices"

	"mirrorwatch/pipeline"
)

// Story is what one batch tells of one incident.
type Story struct {
	Change pipeline.Change // the newest of its changes in the batch
	Fresh  bool            // the batch holds its opening
	Late   bool            // and its end: nobody heard of it while it lasted
	Pings  bool            // one of its changes in the batch pings
	Paged  bool            // it is open, and became critical in the batch
}

// Stories makes one story an incident: open ones before ended ones, then the worst first, then the oldest.
func Stories(changes []pipeline.Change) []Story {
	stories := make([]Story, 0, len(changes))
	at := make(map[string]int, len(changes))
	for n := range changes {
		c := &changes[n]
		i, known := at[c.Incident.ID]
		if !known {
			i = len(stories)
			at[c.Incident.ID] = i
			stories = append(stories, Story{Change: *c})
		}
		s := &stories[i]
		if c.Incident.Changes >= s.Change.Incident.Changes {
			s.Change = *c
		}
		s.Pings = s.Pings || c.Kind.Pings()
		s.Fresh = s.Fresh || c.Kind == pipeline.Opened
		s.Paged = s.Paged || becameCritical(c)
	}
	for i := range stories {
		s := &stories[i]
		s.Late = s.Fresh && s.Ended()
		s.Paged = s.Paged && !s.Ended() && s.Change.Incident.Level == pipeline.Critical
	}
	slices.SortStableFunc(stories, func(x, y Story) int { return x.compare(&y) })
	return stories
}

// Ended tells whether the incident is over.
func (s *Story) Ended() bool { return s.Change.Kind.Ends() }

func (s *Story) compare(o *Story) int {
	if s.Ended() != o.Ended() {
		if o.Ended() {
			return -1
		}
		return 1
	}
	x, y := &s.Change.Incident, &o.Change.Incident
	switch {
	case x.Level.Worse(y.Level):
		return -1
	case y.Level.Worse(x.Level):
		return 1
	}
	return cmp.Or(x.Opened.Compare(y.Opened), cmp.Compare(x.ID, y.ID))
}

func becameCritical(c *pipeline.Change) bool {
	return (c.Kind == pipeline.Opened || c.Kind == pipeline.Escalated) && c.Incident.Level == pipeline.Critical
}
