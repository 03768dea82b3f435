package jetstream

import (
	"context"
	"time"
)

// How many questions of each kind may be in flight at once for certain, and how many more of any. A server drops its whole queue of
// such questions at 10,000, everybody's: all together are 64.
const (
	streamPlaces = 24 // single streams
	roundPlaces  = 8  // pages, and the streams of a round
	originPlaces = 8  // origins of this connection's links
	otherPlaces  = 8  // origins of other connections' links
	sharedPlaces = 16
)

// places is the room of one kind of question: silent streams take no place from origins, and the other way round.
type places struct{ own, shared chan struct{} }

func newPlaces(own int, shared chan struct{}) places {
	return places{make(chan struct{}, own), shared}
}

// most is how many questions of the kind can be in flight.
func (p places) most() int { return cap(p.own) + cap(p.shared) }

// take waits for a place until ctx ends or timeout says so; leave is nil then.
func (p places) take(ctx context.Context, timeout <-chan time.Time) (leave func()) {
	select {
	case p.own <- struct{}{}:
		return func() { <-p.own }
	default:
	}
	select {
	case p.own <- struct{}{}:
		return func() { <-p.own }
	case p.shared <- struct{}{}:
		return func() { <-p.shared }
	case <-timeout:
	case <-ctx.Done():
	}
	return nil
}

// ask puts a question once there is a place for it, and tells when that was.
func (s *Source) ask(ctx context.Context, p places, subject string, body []byte, wait time.Duration) (asked time.Time, doc []byte, err error) {
	leave := p.take(ctx, nil)
	asked = time.Now()
	if leave == nil {
		return asked, nil, context.Cause(ctx)
	}
	defer leave()
	doc, err = s.conn.ask(ctx, subject, body, wait)
	return asked, doc, err
}
