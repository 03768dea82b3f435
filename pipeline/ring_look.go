package pipeline

import (
	"context"
	"fmt"
	"time"
)

// This file holds how a Ring looks, and what is told of that.

// Observer is told of what rings do, for the agent's own telemetry. Its methods return at once, and may be called from several
// goroutines. What was cancelled from our side is not told.
type Observer interface {
	Looked(connection string, l Looked)
	// Turned tells that a ring did what was due, late by some time, and proved contact for so many links since it told last.
	Turned(connection string, late time.Duration, proofs int)
}

// Looked is a look that ended.
type Looked struct {
	Kind    LookKind
	Began   time.Time
	Took    time.Duration
	Streams int   // that were asked about; of a round: that it told of
	Err     error // how it fell short
}

// LookKind says what a look asked for.
type LookKind string

// The kinds of look.
const (
	LookRound  LookKind = "round"   // everything
	LookStream LookKind = "streams" // single streams
	LookOrigin LookKind = "origin"
	LookTrunks LookKind = "ways" // between servers
)

type unobserved struct{}

func (unobserved) Looked(string, Looked)             {}
func (unobserved) Turned(string, time.Duration, int) {}

// ask puts a question, and lets the watch take in what comes of it. Once looking ends nothing is taken in any more.
func (r *Ring) ask(looking context.Context, q Question) {
	look := Looked{Kind: LookStream, Began: time.Now()}
	var end func(now time.Time)
	switch {
	case q.Origin != nil:
		look.Kind, look.Streams = LookOrigin, 1
		view := r.source.(OriginSource).LookAtOrigin(looking, *q.Origin, q.Exact)
		look.Err = view.Fault.unanswered()
		end = func(now time.Time) { r.watch.ObserveOrigin(now, q.ID, view) }
	case q.Trunks:
		look.Kind = LookTrunks
		routes, err := r.source.(RouteSource).Trunks(looking)
		look.Err = err
		end = func(now time.Time) { r.watch.ObserveTrunks(now, routes) }
	default:
		if q.Scope == nil {
			look.Kind = LookRound
		}
		look.Err = r.source.Look(looking, q.Scope, func(s *Sample) {
			look.Streams++
			r.decide(looking, func(now time.Time) { r.watch.Observe(now, q.ID, s) })
		})
		end = func(now time.Time) { r.watch.Done(now, q.ID, look.Err) }
	}
	look.Took = time.Since(look.Began)
	if looking.Err() == nil {
		if look.Err != nil {
			r.log.Debug("look fell short", "connection", r.name, "of", string(look.Kind), "error", look.Err)
		}
		r.observer.Looked(r.name, look)
	}
	r.decide(looking, end)
}

// unanswered is the fault as the error of a look that nobody answered; nil where somebody did.
func (f Fault) unanswered() error {
	switch f.Kind {
	case FaultNoAnswer, FaultNoResponders:
		return fmt.Errorf("%w: %s", ErrNoAnswer, f)
	case FaultDisconnected:
		return fmt.Errorf("%w: %s", ErrDisconnected, f)
	case FaultDenied:
		return fmt.Errorf("%w: %s", ErrDenied, f)
	}
	return nil
}
