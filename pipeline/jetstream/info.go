package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrorwatch/pipeline"
)

// maxQuestions is how many single streams are asked about at once. A server drops its whole queue of such questions at
// 10,000, everybody's.
const maxQuestions = 64

// answer is what one question brought: a sample, or why the look ended first.
type answer struct {
	sample *pipeline.Sample
	err    error // of the connection or the look as a whole
}

// lookAt asks about each stream of a scope and yields one sample for each. On a connection that is down the samples say
// so, and the error too. When ctx is cancelled, what was not answered is not yielded.
func (s *Source) lookAt(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	questions := make(chan pipeline.StreamKey)
	answers := make(chan answer)
	for range min(len(scope), maxQuestions) {
		go func() {
			for key := range questions {
				answers <- s.question(ctx, key)
			}
		}()
	}
	go func() {
		defer close(questions)
		for _, key := range scope {
			questions <- key
		}
	}()
	var failed error
	for range scope {
		a := <-answers
		if a.err != nil {
			failed = a.err
		}
		if a.sample != nil {
			yield(a.sample)
		}
	}
	if failed != nil {
		return fmt.Errorf("look at %d streams: %w", len(scope), failed)
	}
	return nil
}

// question asks about one stream once there is room for the question.
func (s *Source) question(ctx context.Context, key pipeline.StreamKey) answer {
	sample := &pipeline.Sample{Key: key, Asked: time.Now()}
	if !isName(key.Stream) {
		sample.At = sample.Asked
		sample.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: fmt.Sprintf("%q is no stream's name", key.Stream)}
		return answer{sample: sample}
	}
	doc, err := s.askInfo(ctx, sample)
	sample.At = time.Now()
	switch {
	case err == nil:
		s.readInfo(sample, doc)
	case errors.Is(context.Cause(ctx), context.Canceled):
		return answer{err: err}
	default:
		sample.Fault = faultOf(err)
	}
	if !errors.Is(err, pipeline.ErrDisconnected) {
		err = nil
	}
	return answer{sample: sample, err: err}
}

func (s *Source) askInfo(ctx context.Context, sample *pipeline.Sample) ([]byte, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	sample.Asked = time.Now()
	return s.conn.ask(ctx, s.prefix+".STREAM.INFO."+sample.Key.Stream, nil, s.patience.info)
}

// readInfo takes the answer into the sample: what it tells, or the fault that it is.
func (s *Source) readInfo(sample *pipeline.Sample, doc []byte) {
	key := sample.Key
	err := Decode(doc, sample)
	name := sample.Key.Stream
	sample.Key = key
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		sample.Fault = refused.fault()
	case err == nil && name != key.Stream:
		clearAnswer(sample)
		sample.Raw = doc
		sample.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: fmt.Sprintf("the answer is about stream %q", clip(name))}
	case err != nil:
		sample.Fault = pipeline.Fault{Kind: pipeline.FaultNonsense, Text: err.Error()}
	case s.standalone.Load():
		// Such a server names itself as leader here, and nobody in a listing.
		sample.Leader = Standalone
	}
}
