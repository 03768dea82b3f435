package pipeline

import (
	"cmp"
	"strings"
)

// Kind tells what a link feeds: a mirror or one of the sources of an aggregating stream. It is empty on
// subjects that are no link.
type Kind string

// The two kinds of link.
const (
	KindMirror Kind = "mirror"
	KindSource Kind = "source"
)

// StreamKey is the identity of a watched stream.
type StreamKey struct {
	Connection string `json:"connection"`
	Account    string `json:"account,omitempty"`
	Domain     string `json:"domain,omitempty"`
	Stream     string `json:"stream,omitempty"`
}

// Subject is what a verdict or an incident is about: a link (all that identifies one), a stream (Kind empty),
// a connection (Stream empty too) or the agent itself (no connection either).
type Subject struct {
	StreamKey
	Kind   Kind   `json:"kind,omitempty"`
	Origin string `json:"origin,omitempty"`
	Via    string `json:"via,omitempty"`    // external API prefix, empty without one
	Filter string `json:"filter,omitempty"` // subject filters, joined with commas

	Receiver string `json:"receiver,omitempty"` // of an incident of the agent: the receiver that it is about
}

// IsLink tells whether the subject is a replication link.
func (s Subject) IsLink() bool { return s.Kind != "" }

// IsStream tells whether the subject is a stream as a whole.
func (s Subject) IsStream() bool { return s.Kind == "" && s.Stream != "" }

// OfAgent tells whether the subject is the agent itself, or a part of it.
func (s Subject) OfAgent() bool { return s.Connection == "" }

// String names the subject for logs and people: "dr/PAYMENTS (mirror of PAYMENTS via $JS.hub.API)".
func (s Subject) String() string {
	switch {
	case s.Receiver != "":
		return "receiver " + s.Receiver
	case s.OfAgent():
		return "the agent"
	}
	var b strings.Builder
	b.WriteString(s.Connection)
	for _, part := range []string{s.Account, s.Domain, s.Stream} {
		if part != "" {
			b.WriteByte('/')
			b.WriteString(part)
		}
	}
	if s.Kind != "" {
		b.WriteString(" (" + string(s.Kind) + " of " + s.Origin)
		if s.Via != "" {
			b.WriteString(" via " + s.Via)
		}
		if s.Filter != "" {
			b.WriteString(", filter " + s.Filter)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// clone returns a copy that shares no memory with k.
func (k StreamKey) clone() StreamKey {
	return StreamKey{
		Connection: strings.Clone(k.Connection), Account: strings.Clone(k.Account), Domain: strings.Clone(k.Domain), Stream: strings.Clone(k.Stream),
	}
}

// compareKeys orders keys by their parts.
func compareKeys(a, b StreamKey) int {
	return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Account, b.Account),
		cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Stream, b.Stream))
}
