package pipeline

import (
	"slices"
	"time"
)

// Sample is what one look found of one stream, complete in itself. Either Fault says why nothing was seen, or
// the fields below it are filled from one STREAM.INFO document.
type Sample struct {
	Key   StreamKey
	Asked time.Time // agent's clock: when the question went out
	At    time.Time // agent's clock: when the answer, or the certainty that none comes, was there
	Fault Fault

	ServerTime time.Time     // "ts": the answering server's clock
	Blur       time.Duration // how far from ServerTime the stream may have been read
	Created    time.Time
	Leader     string // empty: the stream has no leader, or none is known to who answered
	Peers      []Peer // the group's other members, as the leader sees them
	State      StreamState
	Bounds     Bounds
	Links      []LinkSample // as configured, in the order of the configuration
	Settings   *Settings    // what the stream's metadata says; nil: nothing

	Raw []byte // the STREAM.INFO document; nil where a source has none
}

// Settings is what a stream's metadata says. It does not change once it is made: samples and streams share it.
type Settings struct {
	Policy   Policy            // no defaults merged in
	Metadata map[string]string // all of it
}

// policy is the stream's own, from its metadata.
func (s *Sample) policy() *Policy {
	if s.Settings == nil {
		return &Policy{}
	}
	return &s.Settings.Policy
}

// metadata is all of the stream's.
func (s *Sample) metadata() map[string]string {
	if s.Settings == nil {
		return nil
	}
	return s.Settings.Metadata
}

// StreamState is the part of a stream's state that rules use. Counts are messages.
type StreamState struct {
	Messages uint64
	FirstSeq uint64
	LastSeq  uint64
	LastTime time.Time // of the newest message ever stored, as its first stream stamped it; mirrors keep it
	Deleted  uint64    // between FirstSeq and LastSeq
	Subjects uint64
	Bytes    uint64
}

// Bounds is what keeps a stream from growing, as configured. Zero: no such bound.
type Bounds struct {
	Messages   int64
	Bytes      int64
	DiscardNew bool // at a bound new messages are refused, rather than old ones removed
	Sealed     bool // nothing is stored or removed any more
}

// Peer is another member of a stream's group, as its leader sees it.
type Peer struct {
	Name    string
	Current bool
	Offline bool
	Pending bool          // it is to be a member, and is none yet
	Unheard bool          // the leader never did hear of it since it leads: Active is what a Watch counted
	Active  time.Duration // since the leader last heard of it
	Lag     uint64        // operations behind; counted from nothing where the peer is unheard of
}

// LinkSample is what one look found of one link.
type LinkSample struct {
	Kind   Kind
	Origin string
	Via    string
	Filter string

	StartSeq  uint64    // configured: older sequences of the origin are not copied; 0: all are
	StartTime time.Time // configured: older messages are not copied; zero: all are

	Reported bool          // the server told this link's state; without it the fields below say nothing
	Active   time.Duration // since the server last heard of the origin; negative: it never did since it started to count
	Lag      uint64        // messages, as the server reports them
	Seq      uint64        // sources, 2.15+: origin sequence consumed up to; 0 unknown
	Error    string        // the server's own error text
	ErrCode  int           // the server's own error code (10059, 10228), 0 none
}

// Subject returns the link's identity within its stream.
func (l *LinkSample) Subject(k StreamKey) Subject {
	return Subject{StreamKey: k, Kind: l.Kind, Origin: l.Origin, Via: l.Via, Filter: l.Filter}
}

// position is how far the link has copied by a sample of its stream; known is false where that is not told. A mirror's is its last sequence,
// since nothing else can write to it; a source's is the origin's sequence that it was consumed up to.
func (l *LinkSample) position(s *Sample) (seq uint64, known bool) {
	if l.Kind == KindSource {
		return l.Seq, l.Seq > 0
	}
	return s.State.LastSeq, true
}

// Partial tells whether only some of the origin's subjects are copied.
func (l *LinkSample) Partial() bool { return l.Filter != "" && l.Filter != ">" }

// Clone returns a copy that outlives the call in which s was yielded. Raw is left out.
func (s *Sample) Clone() *Sample {
	c := *s
	c.Links = slices.Clone(s.Links)
	c.Peers = slices.Clone(s.Peers)
	c.Raw = nil
	return &c
}

// FaultKind says why a look saw nothing of a stream.
type FaultKind string

// The kinds of fault. All but the first four are answers: somebody is there.
const (
	FaultNone         FaultKind = ""
	FaultNoAnswer     FaultKind = "no answer"         // time-out
	FaultNoResponders FaultKind = "no responders"     // nobody listens where the question went
	FaultDisconnected FaultKind = "disconnected"      // the connection itself is down
	FaultDenied       FaultKind = "permission denied" // our credentials may not ask
	FaultMissing      FaultKind = "missing"           // listed as missing: its leader did not answer the lister
	FaultOffline      FaultKind = "offline"           // the server says the stream is offline
	FaultNotFound     FaultKind = "not found"         // STREAM.INFO answered 404: the stream is gone
	FaultAPI          FaultKind = "API error"         // any other API error
	FaultNonsense     FaultKind = "unreadable answer" // an answer that does not hold together
)

// Fault is why nothing was seen. The zero value means that something was.
type Fault struct {
	Kind FaultKind `json:"kind,omitempty"`
	Text string    `json:"text,omitempty"` // the server's or the client's words
}

// Answered tells whether the NATS system answered at all; an API error is an answer.
func (f Fault) Answered() bool {
	switch f.Kind {
	case FaultNoAnswer, FaultNoResponders, FaultDisconnected, FaultDenied:
		return false
	}
	return true
}

// String gives kind and text for people; empty for no fault.
func (f Fault) String() string {
	if f.Text == "" {
		return string(f.Kind)
	}
	return string(f.Kind) + ": " + f.Text
}
