package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mirrorwatch/pipeline"
)

// answer is what one question to the system account brought: a sample, or why the look ended first.
type answer struct {
	sample *pipeline.Sample
	err    error // of the connection or the look as a whole
}

// reply is what one question about a stream brought.
type reply struct {
	key       pipeline.StreamKey
	asked, at time.Time
	doc       []byte
	err       error
	beside    int // questions of its look that were in flight when it was asked, itself included
}

// lookAt asks about each stream of a scope and yields one sample for each. On a connection that is down the samples say
// so, and the error too. When ctx is cancelled, what was not answered is not yielded.
func (s *Source) lookAt(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	r := s.newSampler()
	defer s.release(r)
	var failed error
	_ = s.inquire(ctx, s.streams, len(scope), func(i int) pipeline.StreamKey { return scope[i] }, nil, func(a *reply) {
		x := &r.sample
		if a.err == nil || !errors.Is(context.Cause(ctx), context.Canceled) {
			r.info(a)
			yield(x)
		}
		if a.err != nil && (errors.Is(a.err, pipeline.ErrDisconnected) || errors.Is(context.Cause(ctx), context.Canceled)) {
			failed = a.err
		}
	})
	if failed != nil {
		return fmt.Errorf("look at %d streams: %w", len(scope), failed)
	}
	return nil
}

// inquire asks about n streams, as many at once as there are places, and gives each reply to take, one at a time. A pacer, where
// there is one, is paid for a handful at once: asked together they cost their server a third. Its error is the pacer's.
func (s *Source) inquire(ctx context.Context, p places, n int, key func(i int) pipeline.StreamKey, pace *pacer, take func(*reply)) (err error) {
	if n == 1 && pace == nil {
		a := s.question(ctx, p, key(0), new(atomic.Int64))
		take(&a)
		return nil
	}
	questions, replies := make(chan pipeline.StreamKey), make(chan reply)
	var asking sync.WaitGroup
	var flying atomic.Int64
	for range min(n, p.most()) {
		asking.Go(func() {
			for key := range questions {
				replies <- s.question(ctx, p, key, &flying)
			}
		})
	}
	go func() {
		for i := range n {
			if pace != nil && i%p.most() == 0 {
				if err = pace.wait(ctx, min(p.most(), n-i)); err != nil {
					break
				}
			}
			questions <- key(i)
		}
		close(questions)
		asking.Wait()
		close(replies)
	}()
	for a := range replies {
		take(&a)
	}
	return err
}

// question asks about one stream.
func (s *Source) question(ctx context.Context, p places, key pipeline.StreamKey, flying *atomic.Int64) reply {
	a := reply{key: key, asked: time.Now()}
	if isName(key.Stream) {
		a.beside = int(flying.Add(1))
		defer flying.Add(-1)
		a.asked, a.doc, a.err = s.ask(ctx, p, s.prefix+".STREAM.INFO."+key.Stream, nil, s.patience.info)
	}
	a.at = time.Now()
	return a
}

// sampler turns answers into samples, one after another in the same memory.
type sampler struct {
	source  *Source
	decoder *decoder
	sample  pipeline.Sample
}

// newSampler returns a sampler that nobody else uses, to be given back by release.
func (s *Source) newSampler() *sampler {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.samplers); n > 0 {
		r := s.samplers[n-1]
		s.samplers = s.samplers[:n-1]
		return r
	}
	return &sampler{source: s, decoder: newDecoder(&s.settings)}
}

func (s *Source) release(r *sampler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.decoder.reset(nil)
	r.sample.Raw = nil
	if len(s.samplers) < mostSamplers {
		s.samplers = append(s.samplers, r)
	}
}

// mostSamplers is how many samplers are kept for looks to come.
const mostSamplers = 4

// info takes the answer about one stream into the sample: what it tells, or the fault that it is.
func (r *sampler) info(a *reply) {
	x := &r.sample
	x.Key, x.Asked, x.At, x.Fault = a.key, a.asked, a.at, pipeline.Fault{}
	clearAnswer(x)
	switch {
	case !isName(a.key.Stream):
		x.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: fmt.Sprintf("%q is no stream's name", a.key.Stream)}
		return
	case a.err != nil:
		x.Fault = faultOf(a.err)
		return
	}
	d, err := r.decoder.document(a.doc)
	err = d.into(x, a.doc, err)
	x.Key = a.key
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		x.Fault = refused.fault()
	case err == nil && d.Config.Name != a.key.Stream:
		clearAnswer(x)
		x.Raw = a.doc
		x.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: fmt.Sprintf("the answer is about stream %q", clip(d.Config.Name))}
	case err != nil:
		x.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}
	case r.source.standalone.Load():
		// Such a server names itself as leader here, and nobody in a listing.
		x.Leader = Standalone
	}
}
