package pipelinetest

import "testing"

// The JetStream domains of a Leafnode.
const (
	HubDomain  = "hub"
	LeafDomain = "leaf"
)

// Leafnode is two servers that are joined by a leafnode connection over a breakable link: the mirror's server dials
// the origin's. Each has JetStream in a domain of its own.
type Leafnode struct {
	Origin *Server // domain HubDomain
	Mirror *Server // domain LeafDomain
	Link   *Link
}

// StartLeafnode runs the two servers and the link until the test ends, and returns when they are joined.
func StartLeafnode(t testing.TB) *Leafnode {
	t.Helper()
	l := &Leafnode{Origin: StartServer(t, ServerOptions{Name: "hub", Domain: HubDomain, Leafnodes: true})}
	link, err := NewLink(l.Origin.LeafnodeAddr())
	if err != nil {
		t.Fatal(err)
	}
	l.Link = link
	t.Cleanup(func() {
		if err := link.Close(); err != nil {
			t.Errorf("close link: %v", err)
		}
	})
	l.Mirror = StartServer(t, ServerOptions{Name: "leaf", Domain: LeafDomain, Remotes: []string{link.Addr()}})
	Eventually(t, startTimeout, "the leafnode connects", l.Joined)
	return l
}

// Joined tells whether the two servers are connected, as each of them sees it.
func (l *Leafnode) Joined() bool {
	origin, mirror := l.Origin.NATS(), l.Mirror.NATS()
	return origin != nil && mirror != nil && origin.NumLeafNodes() > 0 && mirror.NumLeafNodes() > 0
}
