package pipelinetest

import (
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// Denied are subjects that a leafnode connection does not let pass.
type Denied struct {
	ToOrigin   []string // what the mirror's server may not publish
	FromOrigin []string // what it may not receive
}

// permissions returns those of the leafnode's user at the origin's server; nil: all.
func (d Denied) permissions() *server.Permissions {
	if len(d.ToOrigin) == 0 && len(d.FromOrigin) == 0 {
		return nil
	}
	p := &server.Permissions{}
	if len(d.ToOrigin) > 0 {
		p.Publish = &server.SubjectPermission{Deny: d.ToOrigin}
	}
	if len(d.FromOrigin) > 0 {
		p.Subscribe = &server.SubjectPermission{Deny: d.FromOrigin}
	}
	return p
}

// Deny replaces what the leafnode connection does not let pass, and blips the link, as it must: a connection keeps the
// permissions that it began with. It returns when the servers are joined again. The zero Denied lets all pass.
func (l *Leafnode) Deny(t testing.TB, denied Denied) {
	t.Helper()
	if err := l.Origin.rebuild(func(plan *blueprint) { plan.LeafUser = &leafUser{denied} }); err != nil {
		t.Fatal(err)
	}
	l.Blip(t)
}

// DenyDelivery lets all pass but the subjects on which mirrors and sources receive: their requests reach the origin,
// its data does not reach them.
func (l *Leafnode) DenyDelivery(t testing.TB) {
	t.Helper()
	l.Deny(t, Denied{FromOrigin: []string{"$JS.M.>", "$JS.S.>"}})
}

// Blip cuts the link for a moment, and returns when the servers are joined again.
func (l *Leafnode) Blip(t testing.TB) {
	t.Helper()
	l.Link.Cut()
	Eventually(t, startTimeout, "the leafnode disconnects", func() bool {
		return l.Origin.leafnodes() == 0 && l.Mirror.leafnodes() == 0
	})
	l.Link.Restore()
	Eventually(t, startTimeout, "the leafnode connects again", l.Joined)
}
