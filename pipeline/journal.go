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
	Outbox    []Batch    // undelivered, in the order of their making
	Receipts  []ReceiptRecord
	Lost      string    // not empty: an earlier journal could not be read; says so for people, and since when
	LostAt    time.Time // when that was found
}

// Commit is what one transaction writes. Changes are also appended to the audit.
type Commit struct {
	Streams  []StreamRecord  // new or renewed
	Gone     []StreamKey     // streams no longer watched
	Changes  []Change        // the incidents in them replace the older ones; an ended one is no longer open
	Batches  []Batch         // new or renewed, by receiver and key
	Merged   []BatchID       // batches never attempted whose changes went into another one
	Done     []BatchID       // delivered or given up on; they leave the outbox
	Receipts []ReceiptRecord // new; an empty receipt removes the record
	Attempts []Attempt       // for the audit
}

// StreamRecord is what is kept of a stream: enough to judge it before it is seen again.
type StreamRecord struct {
	Key    StreamKey    `json:"key"`
	First  time.Time    `json:"first"`  // when it was first seen, or first named
	Policy Policy       `json:"policy"` // the stream's own metadata
	Links  []LinkRecord `json:"links"`
}

// LinkRecord is what is kept of a link.
type LinkRecord struct {
	Subject Subject      `json:"subject"`
	First   time.Time    `json:"first"`
	Proof   time.Time    `json:"proof,omitzero"`
	Origin  OriginRecord `json:"origin,omitzero"`
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
	Group   string    `json:"group"` // the receipt's group: an incident's id, or the key of a batch of many
	Changes []Change  `json:"changes"`
	Body    []byte    `json:"body,omitempty"` // rendered; nil until frozen
	Made    time.Time `json:"made"`

	Attempts  int       `json:"attempts"`            // 0: never attempted, so it may still be merged
	Refused   int       `json:"refused"`             // how many of them the receiver refused for good
	NextTry   time.Time `json:"next_try,omitzero"`   // zero: at once
	UrgentTry time.Time `json:"urgent_try,omitzero"` // NextTry where a new critical page waits; zero: the receiver is not left alone
	LastError string    `json:"last_error,omitempty"`
}

// ReceiptRecord is the newest receipt of one group at one receiver.
type ReceiptRecord struct {
	Receiver string  `json:"receiver"`
	Group    string  `json:"group"`
	Receipt  Receipt `json:"receipt"`
}

// Attempt is one try to deliver a batch, for the audit.
type Attempt struct {
	BatchID
	At      time.Time `json:"at"`
	Number  int       `json:"number"`  // from 1
	Outcome string    `json:"outcome"` // delivered, retry, refused or given up
	Error   string    `json:"error,omitempty"`
}
