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
	Late   bool            // the batch holds its opening and its end: nobody heard of it while it lasted
	Pings  bool            // one of its changes in the batch pings
}

// Stories makes one story an incident: open ones before ended ones, then the worst first, then the oldest.
func Stories(changes []pipeline.Change) []Story {
	var stories []Story
	at := map[string]int{}
	opened := map[string]bool{}
	for _, c := range changes {
		i, known := at[c.Incident.ID]
		if !known {
			i = len(stories)
			at[c.Incident.ID] = i
			stories = append(stories, Story{Change: c})
		}
		s := &stories[i]
		if c.Incident.Changes >= s.Change.Incident.Changes {
			s.Change = c
		}
		s.Pings = s.Pings || c.Kind.Pings()
		opened[c.Incident.ID] = opened[c.Incident.ID] || c.Kind == pipeline.Opened
	}
	for i := range stories {
		s := &stories[i]
		s.Late = s.Change.Kind.Ends() && opened[s.Change.Incident.ID]
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
