// Package jetstream asks NATS about its streams, by the JetStream API of one account. It connects, reconnects for ever, and
// turns answers, errors and silence into samples; stream metadata becomes the stream's policy.
package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"mirrorwatch/pipeline"
)

// Source asks one connection. It implements pipeline.Source, pipeline.Signaler, pipeline.OriginSource and pipeline.Teller;
// its methods may be called from several goroutines.
type Source struct {
	config Config
	prefix string
	conn   *connection
	pace   Pace

	streams, rounds, origins, others places // of questions in flight

	reader     *originReader
	denials    *denials
	advisories *advisories
	patience   patience

	listed     atomic.Int64 // how many streams the newest listing named
	standalone atomic.Bool  // the newest listing was by a server without a cluster
	settings   settings
	choice     choice

	mu       sync.Mutex
	domain   string
	placed   bool       // domain is settled
	samplers []*sampler // that no look uses
}

// patience is how long answers are waited for.
type patience struct {
	list   time.Duration // a page; a cluster waits 4 s for silent leaders before it answers
	info   time.Duration // one stream
	origin time.Duration // one origin, and as long for room to ask
	slow   time.Duration // a page that took longer is slow
}

// Open starts a connection and returns without waiting for it longer than 2 s: whether it is up, Signals and Look tell.
// It fails on a configuration that cannot be used; no error holds a secret. Close must be called in the end.
func Open(ctx context.Context, c Config, p Pace, log *slog.Logger) (*Source, error) {
	c, err := c.WithContext()
	if err != nil {
		return nil, err
	}
	var problems []string
	c.Validate(func(path, problem string) { problems = append(problems, path+": "+problem) })
	if len(problems) > 0 {
		return nil, fmt.Errorf("configure connection %q: %s", c.Name, strings.Join(problems, "; "))
	}
	conn := newConnection(log.With("connection", c.Name))
	s := &Source{
		config: c, prefix: c.apiPrefix(), conn: conn, pace: p,
		streams:    make(places, streamPlaces),
		rounds:     make(places, roundPlaces),
		origins:    make(places, originPlaces),
		others:     make(places, otherPlaces),
		choice:     newChoice(),
		reader:     newOriginReader(),
		denials:    newDenials(conn.log),
		advisories: newAdvisories(conn.log),
		patience:   patience{list: 6 * time.Second, info: 5 * time.Second, origin: 3 * time.Second, slow: time.Second},
		domain:     c.Domain, placed: c.Domain != "",
	}
	conn.greet = func(nc *nats.Conn) {
		s.denials.forget()
		s.choice.connected()
		s.advisories.subscribe(nc)
	}
	conn.refused = s.advisories.refused
	options, err := conn.options(c)
	if err == nil {
		err = conn.open(ctx, c.URL, options)
	}
	if err != nil {
		return nil, fmt.Errorf("open connection %q: %w", c.Name, err)
	}
	go s.listen()
	return s, nil
}

// Close ends the connection, and every Look with it. It may be called again. Its error is always nil.
func (s *Source) Close() error {
	s.conn.close()
	<-s.advisories.ended
	return nil
}

// Signals tells of connects and disconnects, and of advisories about the streams that the configuration chooses.
func (s *Source) Signals() <-chan pipeline.Signal { return s.conn.signals }

// Look implements pipeline.Source. Of everything, only the streams that the configuration chooses are yielded; a scope is
// asked about as it is. A look at everything is paced, one at a scope is not.
func (s *Source) Look(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	if scope == nil {
		return s.lookAtAll(ctx, yield)
	}
	return s.lookAt(ctx, scope, yield)
}

// faultOf is what an error of ask means for a stream.
func faultOf(err error) pipeline.Fault {
	for _, f := range []struct {
		err  error
		kind pipeline.FaultKind
	}{
		{pipeline.ErrDisconnected, pipeline.FaultDisconnected},
		{pipeline.ErrDenied, pipeline.FaultDenied},
	} {
		if errors.Is(err, f.err) {
			return pipeline.Fault{Kind: f.kind, Text: strings.TrimPrefix(err.Error(), f.err.Error()+": ")}
		}
	}
	text := strings.TrimPrefix(err.Error(), pipeline.ErrNoAnswer.Error())
	return pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: strings.TrimLeft(text, ": ")}
}
