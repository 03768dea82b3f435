package alertmanager

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// maxMissed is how many ends are kept for the members of a cluster that missed them.
const maxMissed = 10_000

// missed is the ends that some members of a cluster did not take. Members do not share alerts: to those, the incident goes
// on until it lapses. They are lost with the process.
type missed struct {
	mu   sync.Mutex
	ends map[string]missedEnd // by their labels
}

type missedEnd struct {
	postable
	noted time.Time
}

// note takes alerts that were posted: what is new of an alert replaces an older end of it.
func (m *missed) note(now time.Time, alerts []postable, bySome bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range alerts {
		name := fmt.Sprint(a.Labels) // in the order of the labels' names
		delete(m.ends, name)
		if bySome && !a.EndsAt.After(now) && len(m.ends) < maxMissed {
			if m.ends == nil {
				m.ends = map[string]missedEnd{}
			}
			m.ends[name] = missedEnd{a, now}
		}
	}
}

// list returns the ends that still matter, the oldest first, and forgets those that lapsed everywhere.
func (m *missed) list(now time.Time, lapse time.Duration) []postable {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.ends, func(_ string, e missedEnd) bool { return now.Sub(e.noted) > lapse })
	all := make([]postable, 0, len(m.ends))
	for _, e := range m.ends {
		all = append(all, e.postable)
	}
	slices.SortFunc(all, func(x, y postable) int {
		return cmp.Or(x.EndsAt.Compare(y.EndsAt), cmp.Compare(fmt.Sprint(x.Labels), fmt.Sprint(y.Labels)))
	})
	return all
}
