package journal

import (
	"time"

	"mirrorwatch/pipeline"
)

// limits is what of a stream's record the audit tells changes of: whether it is watched, its limits, and which links it has. It is read
// from the row that a new one replaces, which costs some microseconds; nothing of it is kept in memory.
type limits struct {
	Policy struct {
		Disabled     bool                             `json:"disabled"`
		SeenCritical pipeline.Optional[time.Duration] `json:"seen_critical"`
		LagCritical  pipeline.Optional[uint64]        `json:"lag_critical"`
	} `json:"policy"`
	Links []struct {
		Subject pipeline.Subject `json:"subject"`
	} `json:"links"`
}

// same tells whether they are those of r, with its links in any order.
func (l *limits) same(r *pipeline.StreamRecord) bool {
	p := &r.Policy
	if l.Policy.Disabled != p.Disabled || l.Policy.SeenCritical != p.SeenCritical || l.Policy.LagCritical != p.LagCritical ||
		len(l.Links) != len(r.Links) {
		return false
	}
	if l.inOrder(r.Links) {
		return true
	}
	count := make(map[pipeline.Subject]int, len(r.Links))
	for i := range r.Links {
		count[r.Links[i].Subject]++
		count[l.Links[i].Subject]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func (l *limits) inOrder(links []pipeline.LinkRecord) bool {
	for i := range links {
		if links[i].Subject != l.Links[i].Subject {
			return false
		}
	}
	return true
}
