package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// How looks at single streams are gathered. Who asks about streams of one account within the window shares one question; the
// next one waits until the servers had four times as long for themselves as the last one took them.
const (
	deskWindow = 20 * time.Millisecond
	deskRest   = 4
	deskLast   = 2 * time.Second // at the latest
)

// desk holds the questions that are about to be asked, by account.
type desk struct {
	mu      sync.Mutex
	pending map[string]*inquiry
	ready   map[string]time.Time // when the account may be asked about again
}

// inquiry is a question about some streams of one account.
type inquiry struct {
	account string
	listing bool // for a round: whether a stream that is not told of is gone need not be found out
	wants   map[pipeline.StreamKey][]chan<- answer
	rumours map[pipeline.StreamKey]*rumour // copies that nobody leads, as far as was told
}

// rumour is a copy that does not tell of its stream.
type rumour struct {
	asked  time.Time
	leader string
	sample *pipeline.Sample // nil: its configuration is not known
}

// lookAt asks about a scope and yields one sample a key: as soon as its leader's copy is told, or when all have answered. With
// listing, FaultNotFound means no more than that no server told of the stream.
func (s *System) lookAt(ctx context.Context, scope []pipeline.StreamKey, listing bool, yield func(*pipeline.Sample)) error {
	if len(scope) == 0 {
		return nil
	}
	answers := make(chan answer, len(scope))
	for _, key := range scope {
		if key.Stream == "" || strings.ContainsAny(key.Stream, ".*> \t\r\n") {
			now := time.Now()
			fault := pipeline.Fault{Kind: pipeline.FaultNonsense, Text: fmt.Sprintf("%q is no stream's name", key.Stream)}
			answers <- answer{sample: &pipeline.Sample{Key: key, Asked: now, At: now, Fault: fault}}
			continue
		}
		s.want(key, listing, answers)
	}
	var failed error
	for range scope {
		select {
		case a := <-answers:
			if a.err != nil {
				failed = a.err
			}
			yield(a.sample)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return failed
}

// want asks about one stream, together with others of its account; answers has room for the answer.
func (s *System) want(key pipeline.StreamKey, listing bool, answers chan<- answer) {
	d := &s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.pending[key.Account]
	if q == nil {
		if d.pending == nil {
			d.pending, d.ready = map[string]*inquiry{}, map[string]time.Time{}
		}
		q = &inquiry{
			account: key.Account, listing: true,
			wants: map[pipeline.StreamKey][]chan<- answer{}, rumours: map[pipeline.StreamKey]*rumour{},
		}
		d.pending[key.Account] = q
		go s.inquire(q, max(deskWindow, time.Until(d.ready[key.Account])))
	}
	q.listing = q.listing && listing
	q.wants[key] = append(q.wants[key], answers)
}

// inquire asks once the time is there, and answers everybody who wants to know.
func (s *System) inquire(q *inquiry, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.conn.life.Done():
	}
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-s.conn.life.Done():
	}
	s.desk.mu.Lock()
	delete(s.desk.pending, q.account) // from here on nobody joins
	s.desk.ready[q.account] = time.Now().Add(min(deskRest*s.streams.effort(), deskLast))
	s.desk.mu.Unlock()

	asked := time.Now()
	options := jszOptions{Account: s.streams.accountID(q.account), Streams: true}
	for key := range q.wants {
		options.Config = options.Config || !s.streams.configured(key, asked)
	}
	silent, err := s.askStreams(s.conn.life, options, func(c *copied) { s.hear(q, c) })
	if err == nil && q.barred() { // a configuration changed that was thought to be known
		options.Config = true
		silent, err = s.askStreams(s.conn.life, options, func(c *copied) { s.hear(q, c) })
	}
	at := time.Now()
	for key, wants := range q.wants {
		x := &pipeline.Sample{Key: key, Asked: asked, At: at}
		a := answer{sample: x}
		if err == nil {
			a.sample = s.verdict(q, x, silent)
		} else {
			x.Fault = faultOf(err)
		}
		if errors.Is(err, pipeline.ErrDisconnected) {
			a.err = err
		}
		if a.sample.Fault.Kind != pipeline.FaultNotFound {
			give(wants, a)
			continue
		}
		s.streams.lose(key, at)
		if q.listing {
			give(wants, a)
			continue
		}
		go func() {
			x.Fault = s.confirmGone(key)
			x.At = time.Now()
			give(wants, a)
		}()
	}
}

// hear takes in a copy: its leader's answers who wants to know of it, another's is kept for the end.
func (s *System) hear(q *inquiry, c *copied) {
	wants, wanted := q.wants[c.key]
	switch {
	case !wanted:
	case c.led && !c.bare:
		give(wants, answer{sample: c.sample()})
		delete(q.wants, c.key)
		delete(q.rumours, c.key)
	default:
		if old := q.rumours[c.key]; old == nil || old.asked.Before(c.asked) || c.led || old.leader == "" {
			said := &rumour{asked: c.asked, leader: c.doc.leader()}
			if !c.bare {
				said.sample = c.sample()
			}
			q.rumours[c.key] = said
		}
	}
}

func give(wants []chan<- answer, a answer) {
	for _, want := range wants {
		want <- a
	}
}

// barred tells whether a stream was told of whose configuration is not known.
func (q *inquiry) barred() bool {
	for _, c := range q.rumours {
		if c.sample == nil {
			return true
		}
	}
	return false
}
