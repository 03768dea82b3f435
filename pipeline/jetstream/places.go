package jetstream

import (
	"context"
	"time"

	"mirrorwatch/pipeline"
)

// How many questions of each kind may be in flight at once. A server drops its whole queue of such questions at 10,000, everybody's: all
// together are 128. Each kind has its own, so that single streams, whose deadlines near, wait for nobody else's answers; and for
// no silent stream's: there are as many places as a watch asks about at once.
const (
	streamPlaces = pipeline.MostLooks // single streams
	roundPlaces  = 40                 // pages, and the streams of a round
	originPlaces = 24                 // origins of this connection's links
	otherPlaces  = 8                  // origins of other connections' links
)

// places is the room of one kind of question.
type places chan struct{}

// most is how many questions of the kind can be in flight.
func (p places) most() int { return cap(p) }

// take waits for a place until ctx ends, or for so long at most; 0: without end. Who got one calls leave.
func (p places) take(ctx context.Context, wait time.Duration) bool {
	select {
	case p <- struct{}{}:
		return true
	default:
	}
	var late <-chan time.Time
	if wait > 0 {
		late = time.After(wait)
	}
	select {
	case p <- struct{}{}:
		return true
	case <-late:
	case <-ctx.Done():
	}
	return false
}

func (p places) leave() { <-p }

// ask puts a question once there is a place for it, and tells when that was.
func (s *Source) ask(ctx context.Context, p places, subject string, body []byte, wait time.Duration) (asked time.Time, doc []byte, err error) {
	taken := p.take(ctx, 0)
	asked = time.Now()
	if !taken {
		return asked, nil, context.Cause(ctx)
	}
	defer p.leave()
	doc, err = s.conn.ask(ctx, subject, body, wait)
	return asked, doc, err
}
