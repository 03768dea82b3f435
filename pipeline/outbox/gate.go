package outbox

import (
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// silenceKept is how long a silence that is over can still be looked at.
const silenceKept = 24 * time.Hour

// gate is the silences in force, for every worker. It may be used from any goroutine.
type gate struct {
	mu      sync.Mutex
	all     pipeline.Silences
	version int                // rises whenever what is withheld may be different
	active  []pipeline.Silence // as of version
	next    time.Time          // when the version rises by itself; zero: never
}

// at returns the silences in force, their version, and when the next one begins or ends (zero: none does). The caller must
// not change what it gets.
func (s *gate) at(now time.Time) (active []pipeline.Silence, version int, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version == 0 || !s.next.IsZero() && !now.Before(s.next) {
		s.renew(now)
	}
	return s.active, s.version, s.next
}

func (s *gate) renew(now time.Time) {
	s.version++
	s.all.Added = slices.DeleteFunc(slices.Clone(s.all.Added), func(o pipeline.Silence) bool { return now.Sub(o.Ends) > silenceKept })
	s.active = nil
	for _, one := range s.all.Added {
		if one.Active(now) {
			s.active = append(s.active, one)
		}
	}
	for n := range s.all.Windows {
		if turn := s.all.Windows[n].Turn(now); turn.Active(now) {
			s.active = append(s.active, turn)
		}
	}
	s.next = s.all.Next(now)
}

// put adds a silence, or replaces the one with its id.
func (s *gate) put(now time.Time, one pipeline.Silence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := slices.Clone(s.all.Added)
	if n := slices.IndexFunc(added, func(o pipeline.Silence) bool { return o.ID == one.ID }); n >= 0 {
		added[n] = one
	} else {
		added = append(added, one)
	}
	s.all.Added = added
	s.renew(now)
}

// setWindows replaces the recurring silences.
func (s *gate) setWindows(now time.Time, windows []pipeline.Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Windows = slices.Clone(windows)
	s.renew(now)
}

// silences returns a copy of all.
func (s *gate) silences() pipeline.Silences {
	s.mu.Lock()
	defer s.mu.Unlock()
	return pipeline.Silences{Added: slices.Clone(s.all.Added), Windows: slices.Clone(s.all.Windows)}
}

// covering returns the silence that covers an incident, the one that ends last; nil: none does.
func covering(active []pipeline.Silence, i *pipeline.Incident) (by *pipeline.Silence) {
	for n := range active {
		if one := &active[n]; one.Match.Matches(i) && (by == nil || one.Ends.After(by.Ends)) {
			by = one
		}
	}
	return by
}
