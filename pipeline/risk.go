package pipeline

import (
	"fmt"
	"time"
)

// Risk is the data that would be lost if one failed over to the mirror now.
type Risk struct {
	Failover Failover      `json:"failover,omitempty"`
	Messages uint64        `json:"messages"`       // that the origin is known to have had and the mirror has not
	AtLeast  bool          `json:"at_least"`       // Messages is a lower bound: the origin was not seen since AsOf, or is told of by the mirror only
	Span     time.Duration `json:"span"`           // between the newest message of the mirror and of the origin, by their own stamps; 0: unknown, or none
	AsOf     time.Time     `json:"as_of,omitzero"` // agent's clock: when the origin was seen as it is counted here; zero: never
	Verified bool          `json:"verified"`       // an origin's view counts: without one, nobody can tell what is missing
}

// Failover is whether a mirror can take its origin's place.
type Failover string

// The verdicts on a failover. FailoverUnknown holds since Risk.AsOf.
const (
	FailoverReady    Failover = "ready"
	FailoverBehind   Failover = "behind"
	FailoverUnknown  Failover = "unknown"
	FailoverDiverged Failover = "diverged"
)

// String is the verdict in words: "ready", "behind by 1204", "unknown since 12:00:03 UTC", "diverged: do not".
func (r Risk) String() string {
	switch r.Failover {
	case FailoverBehind:
		return fmt.Sprintf("behind by %d", r.Messages)
	case FailoverDiverged:
		return "diverged: do not"
	case FailoverUnknown:
		if !r.AsOf.IsZero() {
			return "unknown since " + r.AsOf.UTC().Format("15:04:05 MST")
		}
		return "unknown"
	}
	return string(r.Failover)
}
