package pipeline

import "time"

// View is what rules judge: one stream, one connection or the agent itself; exactly one of the three is set. It does not outlive the
// judgement: its memory is used again.
type View struct {
	Stream     *StreamView
	Connection *ConnectionView
	Agent      *AgentView
}

// StreamView is a stream with its links, their proofs and the policy in force.
type StreamView struct {
	Key    StreamKey
	First  time.Time // when the stream was first seen, or first named
	Policy Policy    // merged with the configuration's defaults

	Whole *Sample // newest complete sample; nil: none since the agent started
	Fault Fault   // of the newest look, zero where that was complete
	Links []LinkView

	Leaderless time.Time  // since when looks find it without a leader, or offline; zero: the newest that could tell found one
	Advisories []Advisory // lately told of it, oldest first

	Blind string // not empty: the connection sees nothing, and this is why; its own incident covers the links

	index map[Subject]int // of Links; nil: not made yet
}

// Link returns the link that a subject is; nil: the stream has no such link. Links is not to change after the first call.
func (s *StreamView) Link(subject Subject) *LinkView {
	if len(s.Links) <= fewMatters {
		for i := range s.Links {
			if s.Links[i].Subject == subject {
				return &s.Links[i]
			}
		}
		return nil
	}
	if s.index == nil { // to look through all links for each would take the square of their number
		s.index = make(map[Subject]int, len(s.Links))
		for i := range s.Links {
			s.index[s.Links[i].Subject] = i
		}
	}
	if i, is := s.index[subject]; is {
		return &s.Links[i]
	}
	return nil
}

// LinkView is a link with what is proven of it. Times are in the agent's clock.
type LinkView struct {
	Subject Subject
	First   time.Time // when the link was first seen
	Proof   time.Time // latest proven contact; zero: never
	Bound   time.Time // contact is certainly not later; zero: nothing is known
	Moved   time.Time // when data was newest seen to have been copied under the leader of now; zero: never
	Grace   time.Time // until then the link is not judged on the age of its proof, only on Bound
	Resets  int       // how often the server's stamp began anew, 9.5 s or more apart, since contact was last proven
	Sample  LinkSample

	Origin     *OriginView // newest that told of the origin, without its subjects; nil: none did
	Unseen     Fault       // why the newest question about the origin told nothing; zero: it told
	UnseenFor  time.Time   // since when questions about the origin tell nothing; zero: the newest did
	Progress   Progress
	Unverified string // why copying is not held against the origin; empty: it is
	Risk       Risk
}

// Since is the time from which the link's silence counts: its proof, for want of one its first sight, or an
// earlier bound.
func (l *LinkView) Since() time.Time {
	since := l.Proof
	if since.IsZero() {
		since = l.First
	}
	if !l.Bound.IsZero() && l.Bound.Before(since) {
		since = l.Bound
	}
	return since
}

// ConnectionView is a connection's own state.
type ConnectionView struct {
	Name    string
	Started time.Time
	Links   int // links known

	Blind      bool
	BlindSince time.Time     // where it is not blind, of the newest blindness; zero: there was none
	Reason     string        // why it is, or was, for people
	Answered   time.Time     // newest answer of any kind; zero: never
	Listed     time.Time     // newest round that told of everything, or since when it could; zero: neither
	ListError  string        // why the newest round fell short; empty: it did not
	Period     time.Duration // between rounds
	Skew       time.Duration // by how much a server's clock is ahead of ours, at worst; negative: behind
	Deadline   time.Time     // earliest among the links; where it is not blind, among the uncovered while no incident covers them. Zero: there is none
	Uncovered  int           // links without an incident of their own that are over their limit, or fall due before looks can prove them

	Demand float64 // looks a second that the limits ask for
	Budget float64 // looks a second that may be asked at most
}

// AgentView is the agent's own state.
type AgentView struct {
	CommitError string    // newest failed commit's error; empty: the newest succeeded
	FailedSince time.Time // since when commits fail
	Committed   time.Time // newest commit that succeeded
	Lost        string    // what state was lost at start, in words; empty: nothing
	LostAt      time.Time // when that was found

	Receivers   []ReceiverStats
	ConfigError string    // why the configuration on disk is not in force; empty: it is
	ConfigSince time.Time // since when; or when it last came into force
}
