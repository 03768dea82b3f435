package pipelinetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// Script is a pipeline.Source that answers as a function says. It takes its time from package time, so that under
// testing/synctest it runs in virtual time; it must then be made inside the bubble. Answers that are slow overlap, as
// questions in flight do, and are yielded in the order of their arrival.
type Script struct {
	answer  func(now time.Time, key pipeline.StreamKey) Answer
	signals chan pipeline.Signal

	mu    sync.Mutex
	keys  []pipeline.StreamKey
	down  error
	looks []Asked
}

// Answer is what a Script says of one stream.
type Answer struct {
	// Sample is what is yielded. Its Key is filled in, and its Asked and At where they are zero: with the time of the
	// question, and that plus Delay.
	Sample   pipeline.Sample
	Delay    time.Duration // until the answer is there
	Unlisted bool          // a look for everything leaves the stream out; a look for it is answered
}

// Asked is one question that a Script was asked.
type Asked struct {
	At    time.Time
	Scope []pipeline.StreamKey // nil: everything
}

// NewScript returns a source that answers each question about a stream by answer, called at the time of the question.
// A look for everything asks about keys.
func NewScript(answer func(now time.Time, key pipeline.StreamKey) Answer, keys ...pipeline.StreamKey) *Script {
	return &Script{answer: answer, keys: keys, signals: make(chan pipeline.Signal, 16)}
}

// SetKeys replaces what a look for everything asks about.
func (s *Script) SetKeys(keys ...pipeline.StreamKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
}

// Disconnect lets every look fail at once with an error that wraps pipeline.ErrDisconnected, and signals it.
func (s *Script) Disconnect(reason string) {
	s.setDown(fmt.Errorf("%w: %s", pipeline.ErrDisconnected, reason))
	s.Signal(pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: reason})
}

// Connect ends what Disconnect began, and signals it.
func (s *Script) Connect() {
	s.setDown(nil)
	s.Signal(pipeline.Signal{Kind: pipeline.SignalConnected})
}

// Signal gives a signal of its own; it is dropped when nobody takes the earlier ones.
func (s *Script) Signal(signal pipeline.Signal) {
	select {
	case s.signals <- signal:
	default:
	}
}

// Signals implements pipeline.Signaler.
func (s *Script) Signals() <-chan pipeline.Signal { return s.signals }

// Looks returns every question so far, oldest first.
func (s *Script) Looks() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.looks)
}

// Look implements pipeline.Source. A look whose ctx ends yields what is still out as not answered, and returns the
// reason.
func (s *Script) Look(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	now := time.Now()
	s.mu.Lock()
	s.looks = append(s.looks, Asked{At: now, Scope: slices.Clone(scope)})
	keys, down := scope, s.down
	if scope == nil {
		keys = s.keys
	}
	s.mu.Unlock()

	if down != nil {
		if scope != nil {
			yieldFaults(keys, now, now, pipeline.Fault{Kind: pipeline.FaultDisconnected, Text: down.Error()}, yield)
		}
		return down
	}

	answers := make([]Answer, 0, len(keys))
	for _, key := range keys {
		a := s.answer(now, key)
		if scope == nil && a.Unlisted {
			continue
		}
		a.Sample.Key = key
		if a.Sample.Asked.IsZero() {
			a.Sample.Asked = now
		}
		if a.Sample.At.IsZero() {
			a.Sample.At = now.Add(a.Delay)
		}
		answers = append(answers, a)
	}
	slices.SortStableFunc(answers, func(a, b Answer) int { return cmp.Compare(a.Delay, b.Delay) })

	for i := range answers {
		if err := waitUntil(ctx, now.Add(answers[i].Delay)); err != nil {
			noAnswer := pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: err.Error()}
			for _, a := range answers[i:] {
				yieldFaults([]pipeline.StreamKey{a.Sample.Key}, now, time.Now(), noAnswer, yield)
			}
			return err
		}
		yield(&answers[i].Sample)
	}
	return nil
}

func (s *Script) setDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

func yieldFaults(keys []pipeline.StreamKey, asked, at time.Time, f pipeline.Fault, yield func(*pipeline.Sample)) {
	for _, key := range keys {
		yield(&pipeline.Sample{Key: key, Asked: asked, At: at, Fault: f})
	}
}

func waitUntil(ctx context.Context, t time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d := time.Until(t)
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
