package pipeline_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/pipelinetest"
)

// The race detector makes each drawn history some twenty times slower, and has nothing to find in a Watch, which is for one goroutine:
// fewer are drawn with it, unless somebody asks for a number.
func TestMain(m *testing.M) {
	if racing {
		_ = flag.Set("rapid.checks", "5") // the command line is read after this, and wins
	}
	goleak.VerifyTestMain(m)
}

// submitted is a pipeline.Submitter that remembers.
type submitted struct {
	mu      sync.Mutex
	changes []pipeline.Change
	records map[pipeline.StreamKey]pipeline.StreamRecord
	gone    []pipeline.StreamKey
}

func (s *submitted) Submit(kept pipeline.Kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, kept.Changes...)
	s.gone = append(s.gone, kept.Gone...)
	for _, r := range kept.Streams {
		s.records[r.Key] = r
	}
}

func (s *submitted) told() []pipeline.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// ringing is a ring that turns in a bubble of virtual time, and what it leads to.
type ringing struct {
	began  time.Time
	source *pipelinetest.Script
	submitted
	opt     pipeline.WatchOptions
	ring    *pipeline.Ring
	looks   []pipeline.Looked
	turns   int
	late    time.Duration // in total
	proofs  int
	stop    context.CancelFunc
	stopped chan struct{}
}

// ring turns a ring over mirrors whose times count from the start of the bubble.
func ring(t *testing.T, mirrors ...*mirror) *ringing {
	t.Helper()
	r := prepare(t, mirrors...)
	r.run(t, pipeline.NewWatch(r.began, r.opt, pipeline.State{}))
	return r
}

// prepare is ring without the ring.
func prepare(t *testing.T, mirrors ...*mirror) *ringing {
	t.Helper()
	r := &ringing{began: time.Now()}
	r.records = map[pipeline.StreamKey]pipeline.StreamRecord{}
	byKey := map[pipeline.StreamKey]*mirror{}
	var keys []pipeline.StreamKey
	for _, m := range mirrors {
		byKey[m.key] = m
		keys = append(keys, m.key)
	}
	shift := r.began.Sub(epoch)
	r.source = pipelinetest.NewScript(func(now time.Time, k pipeline.StreamKey) pipelinetest.Answer {
		sample, delay := byKey[k].look(now.Add(-shift))
		sample.Asked, sample.At = time.Time{}, time.Time{}
		if !sample.ServerTime.IsZero() {
			sample.ServerTime = sample.ServerTime.Add(shift)
		}
		return pipelinetest.Answer{Sample: sample, Delay: delay}
	}, keys...)
	r.opt = pipeline.WatchOptions{Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 500}
	return r
}

// run turns a ring around a watch.
func (r *ringing) run(t *testing.T, watch *pipeline.Watch) {
	r.runOver(t, watch, r.source)
}

func (r *ringing) runOver(t *testing.T, watch *pipeline.Watch, source pipeline.Source) {
	t.Helper()
	r.ring = pipeline.NewRing("dr", watch, source, r, r, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	r.stop, r.stopped = stop, make(chan struct{})
	ring, stopped := r.ring, r.stopped
	go func() {
		defer close(stopped)
		ring.Run(ctx)
	}()
}

// Looked remembers a look; they end side by side.
func (r *ringing) Looked(_ string, l pipeline.Looked) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks = append(r.looks, l)
}

func (r *ringing) Turned(_ string, late time.Duration, proofs int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turns++
	r.late += late
	r.proofs += proofs
}

// pass lets so many seconds of virtual time go by since the ring began.
func (r *ringing) pass(second float64) {
	timer := time.NewTimer(time.Until(r.began.Add(secs(second))))
	<-timer.C
	synctest.Wait()
}

func (r *ringing) end() {
	r.stop()
	<-r.stopped
}

func TestRingOpensInTimeAndResolves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30), cut: cut(60.5, 121)}, &mirror{key: key("B"), limit: secs(30), delay: secs(0.1)})
		r.pass(180)
		r.end()
		changes := r.told()
		if len(changes) != 2 || changes[0].Kind != pipeline.Opened || changes[1].Kind != pipeline.Resolved {
			t.Fatalf("changes %+v, want opened and resolved", changes)
		}
		if opened := changes[0].At.Sub(r.began); opened != 90*time.Second {
			t.Errorf("opened after %s, want 1m30s exactly", opened)
		}
		if len(r.records) != 2 {
			t.Errorf("%d records kept, want 2", len(r.records))
		}
	})
}

func TestRingIsBlindAtOnceWhenDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30)}, &mirror{key: key("B"), limit: secs(60)})
		r.pass(61)
		r.source.Disconnect("server went away")
		r.pass(110)
		r.source.Connect()
		r.pass(150)
		r.end()
		changes := r.told()
		if len(changes) != 2 || changes[0].Incident.Rule != pipeline.RuleUnobserved || changes[1].Kind != pipeline.Resolved {
			t.Fatalf("changes %+v, want unobserved opened and resolved", changes)
		}
		if opened := changes[0].At.Sub(r.began); opened != 90*time.Second {
			t.Errorf("opened after %s, want the earliest deadline, 1m30s", opened)
		}
		if resolved := changes[1].At.Sub(r.began); resolved > 122*time.Second {
			t.Errorf("resolved after %s", resolved)
		}
	})
}

func TestRingStopsInTheMiddleOfALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30), delay: time.Hour})
		r.pass(1)
		if now := time.Now(); !r.ring.Turning(now) {
			t.Error("it does not turn while a look is slow")
		}
		r.end()
		if took := time.Since(r.began); took > 2*time.Second {
			t.Errorf("stopped after %s", took)
		}
		if now := time.Now(); r.ring.Turning(now) {
			t.Error("it turns after its end")
		}
	})
}

func TestRingGoesOnWhenLooksFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, &mirror{key: key("A"), limit: secs(30)})
		r.pass(31)
		r.source.Disconnect("x")
		r.pass(400)
		if !r.ring.Turning(time.Now()) {
			t.Error("it has stalled")
		}
		if err := r.source.Look(t.Context(), nil, nil); !errors.Is(err, pipeline.ErrDisconnected) {
			t.Fatalf("error %v of a disconnected source", err)
		}
		r.source.Connect()
		r.pass(430)
		r.end()
		last := r.told()[len(r.told())-1]
		if last.Kind != pipeline.Resolved {
			t.Errorf("the last change is %s of %s, want resolved", last.Kind, last.Incident.Rule)
		}
	})
}
