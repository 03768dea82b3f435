package pipeline

import "slices"

// This file holds what a stream knows of its group's other members from one leader to the next.

// hear counts on for peers that the leader has not heard of since it leads: of those it says "active 0 ns ago" for as long as
// it leads. What the leader before it said of them goes on; the time between the looks at the two does not count.
func (s *stream) hear() {
	before := s.led
	if s.whole.Leader == "" { // who else answers does not know
		return
	}
	s.led = s.whole
	for i := range s.whole.Peers {
		p := &s.whole.Peers[i]
		if p.Unheard = p.Active == 0 && !p.Current && (p.Offline || !p.Pending); !p.Unheard || before == nil {
			continue // who is to be a member, and is there, takes its time
		}
		at := slices.IndexFunc(before.Peers, func(old Peer) bool { return old.Name == p.Name })
		if at < 0 {
			continue
		}
		p.Active = before.Peers[at].Active
		if before.Peers[at].Unheard {
			p.Active += max(0, s.whole.At.Sub(before.At))
		}
	}
}
