package pipelinetest

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// The JetStream domains of a Leafnode.
const (
	HubDomain  = "hub"
	LeafDomain = "leaf"
)

// Leafnode is two servers that are joined by a leafnode connection over a breakable link: the mirror's server dials
// the origin's. Each has JetStream in a domain of its own, and a SystemUser.
type Leafnode struct {
	Origin *Server // domain HubDomain
	Mirror *Server // domain LeafDomain
	Link   *Link
}

// LeafnodeOptions say what the servers of a Leafnode are besides. Name, domain, leafnodes and remotes are set for them;
// the default accounts of the two are joined.
type LeafnodeOptions struct {
	Origin, Mirror ServerOptions
}

// StartLeafnode runs the two servers and the link until the test ends, and returns when they are joined.
func StartLeafnode(t testing.TB) *Leafnode {
	t.Helper()
	return StartLeafnodeWith(t, LeafnodeOptions{})
}

// StartLeafnodeWith is StartLeafnode with servers that are children, have accounts, or the like.
func StartLeafnodeWith(t testing.TB, o LeafnodeOptions) *Leafnode {
	t.Helper()
	hub, leaf := o.Origin, o.Mirror
	hub.Name, hub.Domain, hub.Leafnodes, hub.SystemUser = "hub", HubDomain, true, true
	l := &Leafnode{Origin: start(t, blueprint{Options: hub, LeafUser: &leafUser{}})}
	l.Link = StartLinks(t, l.Origin.LeafnodeAddr())[0]
	leaf.Name, leaf.Domain, leaf.Remotes, leaf.SystemUser = "leaf", LeafDomain, []string{l.Link.Addr()}, true
	l.Mirror = start(t, blueprint{Options: leaf, LeafUser: &leafUser{}})
	Eventually(t, startTimeout, "the leafnode connects", l.Joined)
	return l
}

// Joined tells whether the two servers are connected, as each of them sees it.
func (l *Leafnode) Joined() bool { return l.Origin.leafnodes() > 0 && l.Mirror.leafnodes() > 0 }

// Source is how a stream of the mirror's server names its origin: as a mirror or as one of its sources.
func (l *Leafnode) Source(origin string) *jetstream.StreamSource {
	return &jetstream.StreamSource{
		Name: origin, External: &jetstream.ExternalStream{APIPrefix: APIPrefix(HubDomain)},
	}
}
