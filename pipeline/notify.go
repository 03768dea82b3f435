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
	Key     string            // stable over retries and restarts
	Group   string            // notifications of one group share a receipt; the id of the group's first incident
	Labels  map[string]string // what the group's incidents have in common, as its route groups by
	Changes []Change          // that are new, oldest first; several of one incident where they waited together

	// The whole group after these changes: the newest change of each incident that is open, and of those that ended since
	// the group began. The worst first, ended ones last; of the ended ones those that closed, then the longest. Those of Changes are among them,
	// unless there are more than MostEnded ended ones.
	Members []*Change
	Open    int // how many are open
	Ended   int // how many ended since the group began, more than Members has where there are many

	Body    []byte  // what Render made of all this; frozen with the key
	Receipt Receipt // of the group's last accepted notification
}

// MostEnded is how many ended incidents of a group are kept to be told of.
const MostEnded = 500

// Notifier tells one destination of changes.
//
// Render makes the body once, before the first attempt; it is a pure function of the notification without Receipt. What Notify
// needs of the group later must be in the body: on a retry after a restart Members is empty. Notify returns only
// once the destination accepted or refused the body, or ctx ended. It is called from one goroutine at a time. The receipt that it
// returns comes back in the next notification of the same group; nil keeps the old one. A plain error is tried again, one wrapped
// by Permanent a few times only, one by Final never, and RetryAfter says when.
type Notifier interface {
	Render(n Notification) ([]byte, error)
	Notify(ctx context.Context, n Notification) (Receipt, error)
}

// Refresher is a Notifier whose destination forgets: it is told of everything open again and again.
type Refresher interface {
	Notifier
	// Every is how long the destination is sure to remember.
	Every() time.Duration
	// Refresh tells of all incidents that are open and were told, by their newest changes. A failure is not journaled; it
	// is tried again soon.
	Refresh(ctx context.Context, open []*Change) error
}

// Formatter is a Notifier that makes its bodies in one of several formats, the one that Format names. What was rendered in
// another one is rendered anew: the configuration may have changed since.
type Formatter interface {
	Notifier
	Format() string
}

// Receiver is a configured destination of changes.
type Receiver struct {
	Name     string // unique; holds no NUL
	Notifier Notifier
	Most     int // how many incidents' changes one batch may hold; 0: any number
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
	Pending  int       // batches not yet delivered nor given up on, without those held
	Oldest   time.Time // when the oldest change among them became due to be told; zero: there is none
	Held     int       // batches that a silence withholds
	Error    string    // of the newest attempt; empty: it was delivered
	Broken   time.Time // since when it refuses us as a whole (IsBroken); zero: it does not

	// Attempts since the agent started, by outcome. A batch that is given up on counts as refused the times before.
	Delivered, Retried, Refused, GivenUp uint64
}

// Reporter shows the newest picture. A failed report is not repeated; the next one has fresher data.
type Reporter interface {
	Report(ctx context.Context, b *Board) error
}

// Permanent marks an error that no retry will mend: the destination understood and refused.
func Permanent(err error) error { return &permanentError{err, false} }

// Final marks a permanent error of a batch that must not be sent again: the destination took the rest of it.
func Final(err error) error { return &permanentError{err, true} }

// IsFinal tells whether err was marked by Final.
func IsFinal(err error) bool {
	var p *permanentError
	return errors.As(err, &p) && p.final
}

// IsPermanent tells whether err was marked by Permanent.
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

// Broken marks an error that is the receiver's as a whole and not the batch's: its key is refused, its address is gone.
// Batches are kept for it, and people hear of it elsewhere.
func Broken(err error) error { return &brokenError{err} }

// IsBroken tells whether err was marked by Broken.
func IsBroken(err error) bool {
	var b *brokenError
	return errors.As(err, &b)
}

type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }

type permanentError struct {
	error
	final bool
}

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
