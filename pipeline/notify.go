package pipeline

import (
	"context"
	"errors"
	"time"
)

// Receipt is the address of what a notifier sent last in a group (for Slack: channel and ts), in the notifier's own
// words. Empty: it has none.
type Receipt []byte

// Notification is one batch of changes for one receiver.
type Notification struct {
	Key     string   // stable over retries and restarts
	Group   string   // notifications of one group share a receipt
	Changes []Change // oldest first; several of one incident where they waited together
	Body    []byte   // what Render made of the changes; frozen with the key
	Receipt Receipt  // of the group's last accepted notification
}

// Notifier tells one destination of changes.
//
// Render makes the body once, before the first attempt; it is a pure function of Key, Group and Changes. Notify returns only
// once the destination accepted or refused the body, or ctx ended. It is called from one goroutine at a time. The receipt that it
// returns comes back in the next notification of the same group; nil keeps the old one. A plain error is tried again, one wrapped
// by Permanent a few times only, and RetryAfter says when.
type Notifier interface {
	Render(n Notification) ([]byte, error)
	Notify(ctx context.Context, n Notification) (Receipt, error)
}

// Receiver is a configured destination of changes.
type Receiver struct {
	Name     string // unique; holds no NUL
	Notifier Notifier
}

// The outcomes of an attempt, as the audit and the metrics name them.
const (
	OutcomeDelivered = "delivered"
	OutcomeRetry     = "retry"
	OutcomeRefused   = "refused"
	OutcomeGivenUp   = "given up"
)

// ReceiverStats is what became of one receiver's batches.
type ReceiverStats struct {
	Receiver string
	Pending  int       // batches not yet delivered nor given up on
	Oldest   time.Time // when the oldest change among them happened; zero: there is none
	Error    string    // of the newest attempt; empty: it was delivered

	// Attempts since the agent started, by outcome. A batch that is given up on counts as refused the times before.
	Delivered, Retried, Refused, GivenUp uint64
}

// Reporter shows the newest picture. A failed report is not repeated; the next one has fresher data.
type Reporter interface {
	Report(ctx context.Context, b *Board) error
}

// Permanent marks an error that no retry will mend: the destination understood and refused.
func Permanent(err error) error { return &permanentError{err} }

// IsPermanent tells whether err was marked by Permanent.
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// RetryAfter marks an error with the time that the destination asked to be left alone.
func RetryAfter(err error, d time.Duration) error { return &retryAfterError{err, d} }

// RetryDelay returns the time that RetryAfter marked err with, or 0.
func RetryDelay(err error) time.Duration {
	var r *retryAfterError
	if errors.As(err, &r) {
		return r.delay
	}
	return 0
}

type retryAfterError struct {
	error
	delay time.Duration
}

func (e *retryAfterError) Unwrap() error { return e.error }
