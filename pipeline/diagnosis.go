package pipeline

import "time"

// Diagnosis is what most likely broke, and why that is believed.
type Diagnosis struct {
	Cause    Cause    `json:"cause,omitempty"` // empty: none was looked for
	Sure     Sureness `json:"sure,omitempty"`
	Because  []string `json:"because,omitempty"`  // the evidence, a sentence each, the weightiest first
	Next     []Step   `json:"next,omitempty"`     // what to do, in order
	Warnings []string `json:"warnings,omitempty"` // what not to do
}

// Step is one thing to do, with its command where there is one.
type Step struct {
	Do      string `json:"do"`
	Command string `json:"command,omitempty"` // one line of shell, safe to paste
}

// Sureness is how sure a diagnosis is.
type Sureness string

// How sure a diagnosis is.
const (
	Certain  Sureness = "certain"  // somebody who knows said so, or nothing else leads to what was seen
	Likely   Sureness = "likely"   // what was seen fits this best
	Possible Sureness = "possible" // what was seen fits others as well
)

// Cause is what broke.
type Cause string

// The causes. The list is closed, and documented in docs/causes.md.
const (
	CauseLinkDown      Cause = "link down"
	CauseBlackhole     Cause = "link blackholed"
	CauseDelivery      Cause = "delivery path blocked"
	CauseFlowControl   Cause = "flow control blocked"
	CauseRoute         Cause = "DNS or route failure"
	CauseDeleted       Cause = "origin deleted"
	CauseRecreated     Cause = "origin recreated"
	CauseReconfigured  Cause = "origin reconfigured"
	CauseOriginDown    Cause = "origin's cluster down"
	CausePermission    Cause = "permission or credentials"
	CauseLeaderless    Cause = "mirror leaderless"
	CauseFull          Cause = "mirror full or sealed"
	CauseRetry         Cause = "server retry pending"
	CauseSelfHealing   Cause = "self-healing in progress"
	CauseNotObservable Cause = "not observable"
	CauseUnknown       Cause = "unknown"
)

// Diagnoser names the cause of an open incident. It is pure: no I/O, no clock, no state. The view is of the incident's stream,
// with all its links, or of its connection. Trunks are what servers say of the ways between them; nil: nobody who could tell was asked.
type Diagnoser interface {
	Diagnose(now time.Time, v *View, i *Incident, routes []Trunk) Diagnosis
}

// Advisory is an event about one stream that a server told of.
type Advisory struct {
	At   time.Time // agent's clock
	Kind AdvisoryKind
	Text string // for people
}

// AdvisoryKind tells advisories apart.
type AdvisoryKind string

// The advisories that are listened for.
const (
	AdvisoryLeader  AdvisoryKind = "leader elected"
	AdvisoryQuorum  AdvisoryKind = "quorum lost"
	AdvisoryCreated AdvisoryKind = "stream created"
	AdvisoryUpdated AdvisoryKind = "stream updated"
	AdvisoryDeleted AdvisoryKind = "stream deleted"
)

// Trunk is a way between servers, a gateway or a leafnode connection, as one server reports it.
type Trunk struct {
	Connection string        // over which it was told
	Kind       TrunkKind     //
	Server     string        // that reports it
	Cluster    string        // of that server
	Remote     string        // the other cluster (gateway), or the other server (leafnode)
	Account    string        // leafnodes
	Outbound   bool          // gateways: the one that this server made
	Up         bool          //
	RTT        time.Duration // 0: not told
	Received   uint64        // messages
	Sent       uint64        // messages
	Moved      time.Time     // when Received was newest seen to rise; zero: never
	Since      time.Time     // when it came up, or went down; zero: unknown
	Detail     string        // why it is down, in a server's words
}

// TrunkKind tells routes apart.
type TrunkKind string

// The kinds of route.
const (
	TrunkGateway  TrunkKind = "gateway"
	TrunkLeafnode TrunkKind = "leafnode"
)
