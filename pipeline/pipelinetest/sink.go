package pipelinetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// Sink is a pipeline.Notifier that remembers. It accepts everything at once, unless told otherwise, and gives each
// notification's key as its receipt.
type Sink struct {
	mu       sync.Mutex
	answer   func(context.Context, pipeline.Notification) (pipeline.Receipt, error)
	attempts []Delivery
}

// Delivery is one attempt to deliver a notification, and what became of it.
type Delivery struct {
	At           time.Time // when the attempt ended
	Notification pipeline.Notification
	Receipt      pipeline.Receipt
	Err          error // nil: accepted
}

// NewSink returns a sink that accepts everything.
func NewSink() *Sink { return &Sink{} }

// Answer lets f decide on every attempt from now on; it may block until its ctx ends. A nil f accepts everything.
func (s *Sink) Answer(f func(context.Context, pipeline.Notification) (pipeline.Receipt, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Fail refuses every attempt from now on with err; nil accepts everything again.
func (s *Sink) Fail(err error) {
	if err == nil {
		s.Answer(nil)
		return
	}
	s.Answer(func(context.Context, pipeline.Notification) (pipeline.Receipt, error) { return nil, err })
}

// Delay accepts every attempt from now on, but d after its start.
func (s *Sink) Delay(d time.Duration) {
	s.Answer(func(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
		if err := waitUntil(ctx, time.Now().Add(d)); err != nil {
			return nil, err
		}
		return pipeline.Receipt(n.Key), nil
	})
}

// Render implements pipeline.Notifier: the body is key, group and changes in JSON.
func (s *Sink) Render(n pipeline.Notification) ([]byte, error) {
	body, err := json.Marshal(struct {
		Key     string
		Group   string
		Changes []pipeline.Change
	}{n.Key, n.Group, n.Changes})
	if err != nil {
		return nil, fmt.Errorf("render notification: %w", err)
	}
	return body, nil
}

// Notify implements pipeline.Notifier.
func (s *Sink) Notify(ctx context.Context, n pipeline.Notification) (pipeline.Receipt, error) {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()

	receipt, err := pipeline.Receipt(n.Key), ctx.Err()
	if answer != nil {
		receipt, err = answer(ctx, n)
	}
	if err != nil {
		receipt = nil
	}
	n.Changes, n.Body, n.Receipt = slices.Clone(n.Changes), slices.Clone(n.Body), slices.Clone(n.Receipt)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, Delivery{At: time.Now(), Notification: n, Receipt: receipt, Err: err})
	return receipt, err
}

// Attempts returns every attempt that ended, oldest first.
func (s *Sink) Attempts() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts)
}

// Delivered returns every notification that was accepted, oldest first.
func (s *Sink) Delivered() []pipeline.Notification {
	var all []pipeline.Notification
	for _, d := range s.Attempts() {
		if d.Err == nil {
			all = append(all, d.Notification)
		}
	}
	return all
}

// Changes returns the changes of every notification that was accepted, oldest first.
func (s *Sink) Changes() []pipeline.Change {
	var all []pipeline.Change
	for _, n := range s.Delivered() {
		all = append(all, n.Changes...)
	}
	return all
}
