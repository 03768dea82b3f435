package pipeline

import (
	"context"
	"strings"
	"time"
)

// OriginKey is an origin as the links of one connection name it. Links that share an origin share its view.
type OriginKey struct {
	Connection string // of the links
	Account    string // of the links
	Domain     string // of the links
	Via        string // external API prefix, empty without one
	Stream     string
}

// OriginKey returns the key of the link's origin.
func (s Subject) OriginKey() OriginKey {
	return OriginKey{Connection: s.Connection, Account: s.Account, Domain: s.Domain, Via: s.Via, Stream: s.Origin}
}

// String orders and names keys: "dr/ACC/leaf $JS.hub.API ORDERS".
func (k OriginKey) String() string {
	return k.Connection + "/" + k.Account + "/" + k.Domain + " " + k.Via + " " + k.Stream
}

// OriginView is what one question found of one origin, complete in itself. It does not change once it is made. Either Fault
// says why nothing was seen, or the fields below it are filled from the origin's STREAM.INFO.
type OriginView struct {
	Key   OriginKey
	Path  string    // who was asked: "its own path", or the name of a connection. Views of different paths may be of different streams
	Asked time.Time // agent's clock
	At    time.Time // agent's clock: when the answer, or the certainty that none comes, was there
	Fault Fault

	ServerTime time.Time
	Created    time.Time
	Leader     string
	State      StreamState
	Newest     uint64   // sequence of its newest message, where that was asked for; 0: not told. Later ones, up to State.LastSeq, are deleted
	Subjects   []string // that it is configured to take in; empty for a stream that only copies. A Watch does not keep them
	Replicates bool     // it is itself a mirror, or has sources
}

// Feeds tells whether the origin takes in any subject that one of the filters, joined with commas, lets through. An origin that
// only copies takes in what its own origins do: of that nothing is known, and it counts as feeding.
func (v *OriginView) Feeds(filters string) bool {
	if len(v.Subjects) == 0 || v.Replicates {
		return true
	}
	for filter := range strings.SplitSeq(filters, ",") {
		for _, subject := range v.Subjects {
			if overlap(strings.TrimSpace(filter), subject) {
				return true
			}
		}
	}
	return false
}

// overlap tells whether there is a subject that both match. "*" is one token, ">" at the end one or more.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for n := 0; ; n++ {
		switch {
		case n == len(as) || n == len(bs):
			return len(as) == len(bs)
		case as[n] == ">" || bs[n] == ">":
			return true
		case as[n] != bs[n] && as[n] != "*" && bs[n] != "*":
			return false
		}
	}
}

// Where views come from, when not over a connection that was named for origins.
const (
	PathOwn    = "its own path"
	PathSystem = "system scope"
)

// mostListed is how many deleted messages a server may be asked to list: each costs some ten bytes.
const mostListed = 10_000

// Listable tells whether another view may ask for Newest: something is deleted, and not too much.
func (v *OriginView) Listable() bool { return v.State.Deleted > 0 && v.State.Deleted <= mostListed }

// OriginSource is a Source that can also ask about origins. LookAtOrigin returns within some seconds, whatever happens, and
// never nil; it may be called from several goroutines. Exact asks for the view's Newest too, which has the server list what is deleted.
type OriginSource interface {
	LookAtOrigin(ctx context.Context, key OriginKey, exact bool) *OriginView
}
