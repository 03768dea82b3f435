package pipeline

import "time"

// Journal keeps what must outlive the process. Its methods may be called from several goroutines; Commit returns
// once everything in it is on disk together, or nothing is.
type Journal interface {
	// Load returns what was committed before. It is called once, before the first Commit.
	Load() (State, error)
	Commit(Commit) error
}

// State is what a journal holds.
type State struct {
	Streams   []StreamRecord
	Incidents []Incident // the open ones
	Ended     []Incident // that ended in the last FlapWindow, oldest first
	Outbox    []Batch    // undelivered, in the order of their making
	Groups    []GroupRecord
	Silences  []Silence // in force or to come
	Proofs    []ProofPage
	Lost      string    // not empty: an earlier journal could not be read; says so for people, and since when
	LostAt    time.Time // when that was found
}

// Commit is what one transaction writes. Changes are also appended to the audit.
type Commit struct {
	Streams  []StreamRecord // new or renewed
	Gone     []StreamKey    // streams no longer watched
	Proofs   []ProofPage    // new or renewed, by connection and number
	Changes  []Change       // the incidents in them replace the older ones; an ended one is no longer open
	Batches  []Batch        // new or renewed, by receiver and key
	Merged   []BatchID      // batches never attempted whose changes went into another one
	Done     []BatchID      // delivered or given up on; they leave the outbox
	Groups   []GroupRecord  // new or renewed, by receiver and group; one with nothing open removes the record
	Silences []Silence      // new or renewed
	Attempts []Attempt      // for the audit
	Events   []Event        // for the audit
}

// StreamRecord is what is kept of a stream: enough to judge it before it is seen again.
type StreamRecord struct {
	Key    StreamKey    `json:"key"`
	First  time.Time    `json:"first"`  // when it was first seen, or first named
	Policy Policy       `json:"policy"` // the stream's own metadata
	Links  []LinkRecord `json:"links"`

	Metadata map[string]string `json:"metadata,omitempty"` // the stream's: the keys that WatchOptions.Metadata names
}

// LinkRecord is what is kept of a link.
type LinkRecord struct {
	Subject Subject      `json:"subject"`
	First   time.Time    `json:"first"`
	Proof   time.Time    `json:"proof,omitzero"`
	Origin  OriginRecord `json:"origin,omitzero"`
}

// ProofPage is what is proven of some streams of a connection, in a form that is cheap to write again and again; a stream's record
// is written only when something else about it changed. Who made it is who reads it: a journal keeps it as it is.
type ProofPage struct {
	Connection string
	Number     int
	Data       []byte // nil: the page is no longer there
}

// BatchID names a batch: its receiver and its key.
type BatchID struct {
	Receiver string `json:"receiver"`
	Key      string `json:"key"`
}

// Batch is one row of the outbox: changes that go to one receiver together. Members, key and body are frozen
// before the first attempt.
type Batch struct {
	BatchID
	Order   uint64    `json:"order"` // rises with time over all receivers
	Group   string    `json:"group"` // the id of the group's first incident
	Changes []Change  `json:"changes"`
	Body    []byte    `json:"body,omitempty"`   // rendered; nil until frozen
	Format  string    `json:"format,omitempty"` // what Body is made for; empty: not known
	Made    time.Time `json:"made"`

	Route  string            `json:"route,omitempty"`
	Labels map[string]string `json:"labels,omitempty"` // as Notification.Labels
	Held   string            `json:"held,omitempty"`   // the silence that the audit says it is withheld by

	Attempts  int       `json:"attempts"`            // 0: never attempted, so it may still be merged
	Refused   int       `json:"refused"`             // how many of them the receiver refused for good
	NextTry   time.Time `json:"next_try,omitzero"`   // zero: at once
	UrgentTry time.Time `json:"urgent_try,omitzero"` // NextTry where a new critical page waits; zero: the receiver is not left alone
	LastError string    `json:"last_error,omitempty"`
}

// GroupRecord is what one receiver knows of one group of incidents, after its newest frozen batch.
type GroupRecord struct {
	Receiver string            `json:"receiver"`
	Group    string            `json:"group"` // the id of its first incident
	Route    string            `json:"route"`
	Key      string            `json:"key"` // Route.GroupKey
	Labels   map[string]string `json:"labels,omitempty"`
	Receipt  Receipt           `json:"receipt,omitempty"`
	Told     time.Time         `json:"told,omitzero"`  // its newest batch
	Paged    time.Time         `json:"paged,omitzero"` // its newest batch with something that became critical, or a reminder
	Open     []string          `json:"open"`           // ids of its incidents that are open, as told
	Over     []Change          `json:"over,omitempty"` // ends told since it began, without diagnosis; those that closed, then the longest, at most MostEnded
	Ended    int               `json:"ended,omitempty"`
}

// EventKind says what an audit record that is no change and no attempt tells.
type EventKind string

// The kinds of event.
const (
	EventStarted       EventKind = "started"  // Last: the newest commit before
	EventStopped       EventKind = "stopped"  //
	EventReloaded      EventKind = "reloaded" // another configuration is in force
	EventReloadRefused EventKind = "reload refused"
	EventSilenced      EventKind = "silenced" // a silence was added or changed
	EventUnsilenced    EventKind = "unsilenced"
	EventWithheld      EventKind = "withheld"  // changes were not told to a receiver, and why
	EventReleased      EventKind = "released"  // withheld changes are told after all
	EventLimits        EventKind = "limits"    // a stream's limits or links changed; Stream: as they were before
	EventUnwatched     EventKind = "unwatched" // Stream: as it was
	EventPruned        EventKind = "pruned"    // older records were removed; Text: how many, and up to which
)

// Event is what happened beside changes and attempts, for the audit.
type Event struct {
	At       time.Time     `json:"at"`
	Kind     EventKind     `json:"event"`
	Text     string        `json:"text,omitempty"`
	Last     time.Time     `json:"last,omitzero"`
	Receiver string        `json:"receiver,omitempty"`
	Changes  []string      `json:"changes,omitempty"` // Change.Key
	Silence  *Silence      `json:"silence,omitempty"`
	Stream   *StreamRecord `json:"stream,omitempty"`
}

// Record is one record of the audit, which only grows: a change, an attempt or an event.
type Record struct {
	Number  uint64   `json:"number"` // rises by 1
	Change  *Change  `json:"change,omitempty"`
	Attempt *Attempt `json:"attempt,omitempty"`
	Event   *Event   `json:"event,omitempty"`
}

// At is when what the record tells happened.
func (r *Record) At() time.Time {
	switch {
	case r.Change != nil:
		return r.Change.At
	case r.Attempt != nil:
		return r.Attempt.At
	case r.Event != nil:
		return r.Event.At
	}
	return time.Time{}
}

// Attempt is one try to deliver a batch, for the audit.
type Attempt struct {
	BatchID
	Changes []string  `json:"changes,omitempty"` // Change.Key of its members, with the last attempt only
	At      time.Time `json:"at"`
	Number  int       `json:"number"`  // from 1
	Outcome string    `json:"outcome"` // delivered, retry, refused or given up
	Error   string    `json:"error,omitempty"`
}
