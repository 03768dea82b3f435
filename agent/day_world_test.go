package agent

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"mirrorwatch/pipeline"
)

// What the streams of a day are like. Each is one mirror, and an origin has many of them.
const (
	dayConnection = "day"
	dayServers    = 3
	dayLeast      = time.Minute
	dayMost       = 10 * time.Minute
	dayBeat       = time.Second
	dayPerOrigin  = 50
	dayPage       = 256
	dayAnswer     = 4 * time.Millisecond // until a page, or a single stream, is there
	dayNoAnswer   = 2 * time.Second
	dayReset      = "read: connection reset"
)

// dayWorld is the source of a day: mirrors that exist in its answers only, and take their time from package time.
type dayWorld struct {
	born     time.Time
	settings []*pipeline.Settings // by limit in seconds
	signals  chan pipeline.Signal

	mu      sync.RWMutex
	streams []dayStream // by number; a deleted one leaves its place to another
	number  map[pipeline.StreamKey]int
	made    int // streams so far
	frozen  int // the server that answers nothing; -1: none
	down    bool
}

type dayStream struct {
	key     pipeline.StreamKey
	created time.Time
	limit   time.Duration
	cut     time.Time // zero: it hears of its origin
}

func newDayWorld(n int) *dayWorld {
	w := &dayWorld{
		born: time.Now(), signals: make(chan pipeline.Signal, 16), streams: make([]dayStream, n), number: map[pipeline.StreamKey]int{}, frozen: -1,
	}
	for seconds := range int(dayMost/time.Second) + 1 {
		limit := pipeline.Some(time.Duration(seconds) * time.Second)
		w.settings = append(w.settings, &pipeline.Settings{Policy: pipeline.Policy{SeenCritical: limit}})
	}
	for k := range w.streams {
		w.create(k)
	}
	return w
}

// create puts a new stream in a place. Who calls it holds mu, or is alone.
func (w *dayWorld) create(k int) {
	spread := int((dayMost-dayLeast)/time.Second) + 1
	w.streams[k] = dayStream{
		key:     pipeline.StreamKey{Connection: dayConnection, Stream: fmt.Sprintf("M_%07d_ORDERS_EVENTS", w.made)},
		created: time.Now(), limit: dayLeast + time.Duration(w.made*7%spread)*time.Second,
	}
	w.number[w.streams[k].key] = k
	w.made++
}

// each changes streams in n places from the first one on, going round.
func (w *dayWorld) each(first, n int, change func(k int)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k := range n {
		change((first + k) % len(w.streams))
	}
}

// cut lets mirrors fall silent, mend hear again.
func (w *dayWorld) cut(first, n int) {
	w.each(first, n, func(k int) { w.streams[k].cut = time.Now() })
}

func (w *dayWorld) mend(first, n int) {
	w.each(first, n, func(k int) { w.streams[k].cut = time.Time{} })
}

// replace deletes streams, and creates others.
func (w *dayWorld) replace(first, n int) {
	w.each(first, n, func(k int) {
		delete(w.number, w.streams[k].key)
		w.create(k)
	})
}

// limit changes limits, by a minute to and fro.
func (w *dayWorld) limit(first, n int) {
	w.each(first, n, func(k int) {
		s := &w.streams[k]
		if s.limit += time.Minute; s.limit > dayMost {
			s.limit -= 2 * time.Minute
		}
	})
}

func (w *dayWorld) freeze(server int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = server
}

// connect lets the connection be lost, or be there again.
func (w *dayWorld) connect(up bool) {
	w.mu.Lock()
	w.down = !up
	w.mu.Unlock()
	signal := pipeline.Signal{Kind: pipeline.SignalConnected}
	if !up {
		signal = pipeline.Signal{Kind: pipeline.SignalDisconnected, Reason: dayReset}
	}
	w.signals <- signal
}

// Signals implements pipeline.Signaler.
func (w *dayWorld) Signals() <-chan pipeline.Signal { return w.signals }

// Look implements pipeline.Source: pages of a listing one after another, single streams at once. A frozen server's streams are named as
// missing in a listing, and do not answer by themselves.
func (w *dayWorld) Look(ctx context.Context, scope []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	asked := time.Now()
	keys, whole := scope, scope == nil
	if whole {
		keys = w.keys()
	}
	var sample pipeline.Sample
	var unseen []pipeline.StreamKey
	links := make([]pipeline.LinkSample, 1)
	for page := range slices.Chunk(keys, dayPage) {
		late := dayWait(ctx, dayAnswer)
		for _, key := range page {
			switch fault := w.fill(&sample, links, key, asked); {
			case late != nil || fault.Kind == pipeline.FaultNoAnswer:
				unseen = append(unseen, key)
			case fault.Kind == pipeline.FaultDisconnected && whole:
				return fmt.Errorf("%w: %s", pipeline.ErrDisconnected, fault.Text)
			case fault.Kind == pipeline.FaultNotFound && whole: // deleted since the names were read
			default:
				yield(&sample)
			}
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	late := dayWait(ctx, dayNoAnswer)
	fault := pipeline.Fault{Kind: pipeline.FaultNoAnswer}
	if whole {
		fault.Kind = pipeline.FaultMissing
	}
	for _, key := range unseen {
		yield(&pipeline.Sample{Key: key, Asked: asked, At: time.Now(), Fault: fault})
	}
	return late
}

func (w *dayWorld) keys() []pipeline.StreamKey {
	w.mu.RLock()
	defer w.mu.RUnlock()
	keys := make([]pipeline.StreamKey, len(w.streams))
	for k := range w.streams {
		keys[k] = w.streams[k].key
	}
	return keys
}

// fill makes the sample of a stream as its server knows it now, and returns its fault. The links' memory is used again.
func (w *dayWorld) fill(to *pipeline.Sample, links []pipeline.LinkSample, key pipeline.StreamKey, asked time.Time) pipeline.Fault {
	w.mu.RLock()
	defer w.mu.RUnlock()
	now := time.Now()
	*to = pipeline.Sample{Key: key, Asked: asked, At: now}
	k, known := w.number[key]
	switch {
	case w.down:
		to.Fault = pipeline.Fault{Kind: pipeline.FaultDisconnected, Text: dayReset}
	case !known:
		to.Fault = pipeline.Fault{Kind: pipeline.FaultNotFound, Text: "stream not found"}
	case w.frozen == k%dayServers:
		to.Fault.Kind = pipeline.FaultNoAnswer
	default:
		s := &w.streams[k]
		heard := s.heard(now, k, len(w.streams))
		to.ServerTime, to.Created, to.Leader = now, s.created, dayServer(k)
		to.Settings, to.State = w.settings[s.limit/time.Second], w.state(heard)
		links[0] = pipeline.LinkSample{Kind: pipeline.KindMirror, Origin: dayOrigin(k), Reported: true, Active: now.Sub(heard)}
		to.Links = links
	}
	return to.Fault
}

// heard is when a mirror heard its origin last. The mirrors' beats are spread over the second.
func (s *dayStream) heard(now time.Time, k, of int) time.Time {
	if !s.cut.IsZero() {
		now = s.cut
	}
	phase := dayBeat * time.Duration(k) / time.Duration(of)
	return now.Add(-phase).Truncate(dayBeat).Add(phase)
}

// state is what a stream holds whose newest message is of that time: origins get a message each beat.
func (w *dayWorld) state(newest time.Time) pipeline.StreamState {
	last := uint64(newest.Sub(w.born)/dayBeat) + 1000
	return pipeline.StreamState{Messages: last, FirstSeq: 1, LastSeq: last, LastTime: newest.Truncate(dayBeat)}
}

// LookAtOrigin implements pipeline.OriginSource.
func (w *dayWorld) LookAtOrigin(ctx context.Context, key pipeline.OriginKey, _ bool) *pipeline.OriginView {
	view := &pipeline.OriginView{Key: key, Path: pipeline.PathOwn, Asked: time.Now()}
	if err := dayWait(ctx, dayAnswer); err != nil {
		view.Fault = pipeline.Fault{Kind: pipeline.FaultNoAnswer, Text: err.Error()}
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if view.At = time.Now(); w.down {
		view.Fault = pipeline.Fault{Kind: pipeline.FaultDisconnected, Text: dayReset}
	}
	if view.Fault.Kind == pipeline.FaultNone {
		view.ServerTime, view.Created, view.Leader, view.State = view.At, w.born.Add(-time.Hour), dayServer(0), w.state(view.At)
	}
	return view
}

func dayServer(k int) string { return string(rune('A' + k%dayServers)) }

func dayOrigin(k int) string { return fmt.Sprintf("ORDERS_%04d", k/dayPerOrigin) }

// dayWait waits for a time, or until ctx ends.
func dayWait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
