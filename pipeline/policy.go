package pipeline

import (
	"slices"
	"time"
)

// MetadataPrefix begins the keys of stream metadata that set limits.
const MetadataPrefix = "io.nats.monitor."

// MinSeenLimit is the shortest limit that can be proven; a shorter one is a finding, and this one is used.
const MinSeenLimit = 5 * time.Second

// SelfHealing is how long a link may stay silent while the server reconnects by itself (measured: 52.4 s).
// Limits below it are honoured, and said to be short.
const SelfHealing = 60 * time.Second

// Optional is a value that may not have been set. A set zero switches a check off.
type Optional[T any] struct {
	Value T    `json:"value"`
	Set   bool `json:"set"`
}

// Some returns a set value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Set: true} }

// Or returns o where it is set, else other.
func (o Optional[T]) Or(other Optional[T]) Optional[T] {
	if o.Set {
		return o
	}
	return other
}

// Policy is the limits in force for a stream: its io.nats.monitor.* metadata over the configuration's defaults.
type Policy struct {
	Disabled     bool                    `json:"disabled,omitempty"` // io.nats.monitor.enabled=false
	SeenCritical Optional[time.Duration] `json:"seen_critical"`
	LagCritical  Optional[uint64]        `json:"lag_critical"` // messages
	Checks       Checks                  `json:"checks,omitzero"`
	Findings     []Finding               `json:"findings,omitempty"`
}

// Checks is the limits on a stream as a whole. An unset one, and a zero, switch a check off.
type Checks struct {
	MinSources       uint64        `json:"min_sources,omitempty"`
	MaxSources       uint64        `json:"max_sources,omitempty"`
	PeerExpect       uint64        `json:"peer_expect,omitempty"`        // members of the group, the leader included
	PeerLagCritical  uint64        `json:"peer_lag_critical,omitempty"`  // operations; critical when over it
	PeerSeenCritical time.Duration `json:"peer_seen_critical,omitempty"` // critical when over it
	Messages         Thresholds    `json:"messages,omitzero"`
	Subjects         Thresholds    `json:"subjects,omitzero"`
}

// Thresholds are two levels of one count. Where the warning is the lower one, a count at or over them is bad; else one at or
// under them. A single one is what nats server check takes it for: messages at or under; subjects at or over for a critical one,
// at or under for a warning.
type Thresholds struct {
	Warning  uint64 `json:"warning,omitempty"`
	Critical uint64 `json:"critical,omitempty"`
}

// Finding is a metadata value that was not wholly understood or cannot be met: the check that it meant does not
// run as written.
type Finding struct {
	Key     string `json:"key"` // without MetadataPrefix
	Value   string `json:"value"`
	Problem string `json:"problem"` // one sentence that says what to write instead
}

// Over returns p with what it leaves unset taken from defaults.
func (p Policy) Over(defaults Policy) Policy {
	p.SeenCritical = p.SeenCritical.Or(defaults.SeenCritical)
	p.LagCritical = p.LagCritical.Or(defaults.LagCritical)
	return p
}

// Clone returns a copy that shares no memory with p.
func (p Policy) Clone() Policy {
	p.Findings = slices.Clone(p.Findings)
	return p
}

// equal tells whether p and o say the same.
func (p *Policy) equal(o *Policy) bool {
	return p.Disabled == o.Disabled && p.SeenCritical == o.SeenCritical && p.LagCritical == o.LagCritical &&
		p.Checks == o.Checks && slices.Equal(p.Findings, o.Findings)
}
