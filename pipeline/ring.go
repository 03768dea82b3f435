package pipeline

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Submitter takes what a ring decided, to be committed and delivered. It never blocks for the disk or a receiver.
type Submitter interface {
	Submit(records []StreamRecord, gone []StreamKey, changes []Change)
}

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

// Ring walks one connection's Watch through real time: one goroutine decides, and one goroutine a look waits for
// answers.
type Ring struct {
	watch    *Watch
	source   Source
	submit   Submitter
	observer Observer
	log      *slog.Logger
	name     string
	told     bool // whether anything is watched
	watching bool
	promised atomic.Int64 // unix nanoseconds: when the ring next turns at the latest; 0: it does not turn
}

// A ring turns every turnEvery at least, whatever is due, and has stalled when it is later than that by stalledAfter.
const (
	turnEvery    = 30 * time.Second
	stalledAfter = 10 * time.Second
)

// NewRing returns a ring that asks source. Observer may be nil.
func NewRing(name string, watch *Watch, source Source, submit Submitter, observer Observer, log *slog.Logger) *Ring {
	if observer == nil {
		observer = unobserved{}
	}
	_, origins := source.(OriginSource)
	_, routes := source.(RouteSource)
	watch.able(origins, routes)
	return &Ring{watch: watch, source: source, submit: submit, observer: observer, log: log, name: name}
}

type unobserved struct{}

func (unobserved) Looked(string, Looked)             {}
func (unobserved) Turned(string, time.Duration, int) {}

// Name is the connection's name.
func (r *Ring) Name() string { return r.name }

// Turning tells whether the ring does its work in time.
func (r *Ring) Turning(now time.Time) bool {
	promised := r.promised.Load()
	return promised != 0 && now.UnixNano() < promised+int64(stalledAfter)
}

// slept is how much longer it was by the wall clock than by the process's own, which stands still while a machine is
// suspended.
func slept(last, now time.Time) time.Duration {
	return now.Round(0).Sub(last.Round(0)) - now.Sub(last)
}

// event is what a look or the source tells the ring. The ring closes taken when it has taken the sample in.
type event struct {
	question uint64
	sample   *Sample
	taken    chan<- struct{}
	origin   *OriginView
	routes   []Trunk
	routed   bool
	done     bool
	err      error
}

// State is Watch.State, for a ring that takes this one's place. It may be called before Run, and once Run has returned.
func (r *Ring) State() (records []StreamRecord, open, ended []Incident) { return r.watch.State() }

// Run turns the ring until ctx ends. It then stops its looks, waits for them, and submits what it knows. It is called once; the
// source may then go on with another ring.
func (r *Ring) Run(ctx context.Context) {
	looking, stop := context.WithCancel(ctx)
	var looks sync.WaitGroup
	events := make(chan event)
	var signals <-chan Signal
	if s, ok := r.source.(Signaler); ok {
		signals = s.Signals()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	last := time.Now()
	for ctx.Err() == nil {
		now := time.Now()
		r.watch.Slept(now, slept(last, now))
		last = now
		for _, q := range r.watch.Turn(time.Now()) {
			looks.Go(func() { r.ask(looking, q, events) })
		}
		r.flush(false)
		r.tellLinks()
		next := r.watch.Next()
		if most := time.Now().Add(turnEvery); next.After(most) {
			next = most
		}
		r.promised.Store(next.UnixNano())
		timer.Reset(time.Until(next))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case signal := <-signals:
			r.watch.Signal(time.Now(), signal)
		case e := <-events:
			r.take(e)
		}
	}
	r.promised.Store(0)
	stop()
	looks.Wait()
	r.flush(true)
}

// ask puts a question.
func (r *Ring) ask(looking context.Context, q Question, events chan<- event) {
	e := event{question: q.ID}
	switch {
	case q.Origin != nil:
		e.origin = r.source.(OriginSource).LookAtOrigin(looking, *q.Origin)
	case q.Trunks:
		e.routes, e.err = r.source.(RouteSource).Trunks(looking)
		e.routed = true
	default:
		r.look(looking, q, events)
		return
	}
	select {
	case events <- e:
	case <-looking.Done():
	}
}

// look makes one look. Once looking ended nobody may receive its events any more; a sample that was received is waited for.
func (r *Ring) look(looking context.Context, q Question, events chan<- event) {
	send := func(e event) bool {
		select {
		case events <- e:
			return true
		case <-looking.Done():
			return false
		}
	}
	began := time.Now()
	streams := 0
	err := r.source.Look(looking, q.Scope, func(s *Sample) {
		streams++
		taken := make(chan struct{})
		if send(event{question: q.ID, sample: s, taken: taken}) {
			<-taken
		}
	})
	if looking.Err() == nil {
		kind := LookStream
		if q.Scope == nil {
			kind = LookRound
		}
		r.observer.Looked(r.name, Looked{Kind: kind, Began: began, Took: time.Since(began), Streams: streams, Err: err})
	}
	send(event{question: q.ID, done: true, err: err})
}

func (r *Ring) take(e event) {
	now := time.Now()
	switch {
	case e.origin != nil:
		r.watch.ObserveOrigin(now, e.question, e.origin)
		return
	case e.routed:
		if e.err != nil {
			r.log.Debug("ways between servers are not told of", "connection", r.name, "error", e.err)
		}
		r.watch.ObserveTrunks(now, e.routes)
		return
	case !e.done:
		r.watch.Observe(now, e.question, e.sample)
		close(e.taken)
		return
	}
	if e.err != nil {
		r.log.Debug("look fell short", "connection", r.name, "error", e.err)
	}
	r.watch.Done(now, e.question, e.err)
}

func (r *Ring) flush(all bool) {
	records, gone, changes := r.watch.Drain(time.Now(), all)
	if len(records) == 0 && len(gone) == 0 && len(changes) == 0 {
		return
	}
	for i := range changes {
		LogChange(r.log, &changes[i])
	}
	r.submit.Submit(records, gone, changes)
}

// tellLinks logs how many links are watched when there are none, or when that has changed from or to none: an agent that
// watches nothing looks well.
func (r *Ring) tellLinks() {
	c := r.watch.status()
	if c.Round.IsZero() || c.Blind {
		return
	}
	watching := c.Links > 0
	if r.told && watching == r.watching {
		return
	}
	r.told, r.watching = true, watching
	if watching {
		r.log.Info("watching", "connection", r.name, "links", c.Links)
	} else {
		r.log.Warn("no link is watched: no chosen stream is a mirror or has sources", "connection", r.name)
	}
}

// LogChange logs a state change once: from, to and why.
func LogChange(log *slog.Logger, c *Change) {
	i := &c.Incident
	level := slog.LevelInfo
	if c.Kind.Pings() {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("incident", i.ID), slog.String("rule", i.Rule), slog.String("from", c.From.String()),
		slog.String("level", i.Level.String()),
	}
	for _, part := range []struct{ name, value string }{
		{"connection", i.Subject.Connection},
		{"receiver", i.Subject.Receiver},
		{"account", i.Subject.Account},
		{"domain", i.Subject.Domain},
		{"stream", i.Subject.Stream},
		{"kind", string(i.Subject.Kind)},
		{"origin", i.Subject.Origin},
		{"via", i.Subject.Via},
		{"filter", i.Subject.Filter},
		{"reason", i.Reason},
		{"detail", i.Detail},
	} {
		if part.value != "" {
			attrs = append(attrs, slog.String(part.name, part.value))
		}
	}
	if c.Silent > 0 {
		attrs = append(attrs, slog.Float64("silent_for_seconds", math.Round(c.Silent.Seconds()*1e3)/1e3))
	}
	if i.Limit > 0 {
		attrs = append(attrs, slog.Float64("limit", i.Limit))
	}
	log.LogAttrs(context.Background(), level, "incident "+string(c.Kind), attrs...)
}
