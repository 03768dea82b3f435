package rules

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// Peers is critical when a stream's group has not as many members as peer-expect says, or when no leader of it has heard of one
// for longer than peer-seen-critical, or when one is further behind than peer-lag-critical: the first of them that holds.
type Peers struct{}

// Judge implements pipeline.Rule.
func (Peers) Judge(_ time.Time, v *pipeline.View, emit func(pipeline.Verdict)) {
	if v.Stream == nil {
		return
	}
	c := &v.Stream.Policy.Checks
	if c.PeerExpect == 0 && c.PeerLagCritical == 0 && c.PeerSeenCritical <= 0 {
		return
	}
	emit(judgePeers(v.Stream, c))
}

func judgePeers(s *pipeline.StreamView, c *pipeline.Checks) pipeline.Verdict {
	v := pipeline.Verdict{Rule: pipeline.RulePeers, Subject: pipeline.Subject{StreamKey: s.Key}, Level: pipeline.Unknown}
	if v.Reason, v.Detail = unseen(s); v.Reason != "" {
		return v
	}
	if s.Whole.Leader == "" { // only a leader knows of its peers
		v.Reason = pipeline.ReasonNoGroup
		return v
	}
	peers := s.Whole.Peers
	count := uint64(len(peers)) + 1
	quiet := worst(peers, func(a, b *pipeline.Peer) int { return cmp.Compare(a.Active, b.Active) })
	behind := worst(peers, func(a, b *pipeline.Peer) int { return cmp.Compare(lag(a), lag(b)) })
	v.Level, v.Value, v.Evidence = pipeline.OK, float64(count), s.Whole.At
	switch {
	case c.PeerExpect > 0 && count != c.PeerExpect:
		v.Level, v.Reason, v.Limit = pipeline.Critical, pipeline.ReasonPeerCount, float64(c.PeerExpect)
		v.Detail = fmt.Sprintf("%d in the group, %d expected", count, c.PeerExpect)
	case c.PeerSeenCritical > 0 && quiet.Active > c.PeerSeenCritical:
		v.Level, v.Reason, v.Unit = pipeline.Critical, pipeline.ReasonPeerSeen, pipeline.UnitSeconds
		v.Value, v.Limit = quiet.Active.Seconds(), c.PeerSeenCritical.Seconds()
		v.Detail = fmt.Sprintf("%s was last heard of %s ago", quiet.Name, quiet.Active.Round(time.Second))
		if quiet.Unheard {
			v.Detail = fmt.Sprintf("%s was not heard of for %s or longer", quiet.Name, quiet.Active.Round(time.Second))
		}
		if quiet.Offline {
			v.Detail += ", and is offline"
		}
	case c.PeerLagCritical > 0 && lag(&behind) > c.PeerLagCritical:
		v.Level, v.Reason = pipeline.Critical, pipeline.ReasonPeerLag
		v.Value, v.Limit = float64(behind.Lag), float64(c.PeerLagCritical)
		v.Detail = fmt.Sprintf("%s is %d operations behind", behind.Name, behind.Lag)
	case (c.PeerSeenCritical > 0 || c.PeerLagCritical > 0) && slices.ContainsFunc(peers, unheard):
		v.Level, v.Reason = pipeline.Unknown, pipeline.ReasonPeerSeen
	}
	return v
}

// answersIn is longer than a peer that is there takes to answer a new leader, whom it hears of each second.
const answersIn = 10 * time.Second

// unheard tells of a peer that a new leader did not hear of yet, which ends nothing.
func unheard(p pipeline.Peer) bool { return p.Unheard }

// lag is by how many operations a peer is behind; 0 until it had time to answer a new leader, who counts from nothing before.
func lag(p *pipeline.Peer) uint64 {
	if p.Unheard && p.Active < answersIn {
		return 0
	}
	return p.Lag
}

// worst returns the peer that is greatest, of equals the first by name; the zero value where there is none.
func worst(peers []pipeline.Peer, compare func(a, b *pipeline.Peer) int) pipeline.Peer {
	if len(peers) == 0 {
		return pipeline.Peer{}
	}
	return slices.MaxFunc(peers, func(a, b pipeline.Peer) int { return cmp.Or(compare(&a, &b), cmp.Compare(b.Name, a.Name)) })
}
