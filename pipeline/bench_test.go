package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

const tenThousand = 10_000

// healthy is mirrors, as looks see them that find nothing wrong.
func healthy(n int) []pipeline.Sample {
	samples := make([]pipeline.Sample, n)
	for i := range samples {
		samples[i] = pipeline.Sample{
			Key: key(fmt.Sprintf("M%05d", i)), Leader: "A", Created: epoch,
			Settings: &pipeline.Settings{Policy: pipeline.Policy{SeenCritical: pipeline.Some(time.Minute)}},
			Links:    []pipeline.LinkSample{{Kind: pipeline.KindMirror, Origin: "O", Reported: true, Active: time.Second}},
		}
	}
	return samples
}

// rounds lets a watch take in rounds over streams, each when it is due.
type rounds struct {
	watch   *pipeline.Watch
	board   *pipeline.Board
	now     time.Time
	samples []pipeline.Sample
	moving  bool                 // each look finds that data was copied
	origin  *pipeline.OriginView // what is seen of every origin; nil: nobody asks
	byKey   map[pipeline.StreamKey]*pipeline.Sample
}

func newRounds(samples []pipeline.Sample, origin *pipeline.OriginView) *rounds {
	r := &rounds{now: epoch, board: pipeline.NewBoard(epoch), samples: samples, origin: origin, byKey: map[pipeline.StreamKey]*pipeline.Sample{}}
	for i := range samples {
		r.byKey[samples[i].Key] = &samples[i]
	}
	r.watch = pipeline.NewWatch(epoch, pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 5000, Board: r.board,
		Origins: origin != nil,
	}, pipeline.State{})
	return r
}

// next walks to the end of the next round, and answers the looks at single streams before it. The watch turns when it wants to, as a
// ring lets it.
func (r *rounds) next() {
	for whole := false; !whole; {
		for _, q := range r.watch.Turn(r.now) {
			whole = whole || q.Scope == nil && q.Origin == nil
			r.answer(&q)
		}
		if !whole {
			r.now = r.watch.Next()
		}
	}
}

func (r *rounds) answer(q *pipeline.Question) {
	switch {
	case q.Origin != nil:
		v := *r.origin
		v.Key, v.Asked, v.At, v.State = *q.Origin, r.now, r.now, r.samples[0].State
		r.watch.ObserveOrigin(r.now, q.ID, &v)
		return
	case q.Scope == nil:
		for i := range r.samples {
			r.observe(q.ID, &r.samples[i])
		}
	default:
		for _, key := range q.Scope {
			r.observe(q.ID, r.byKey[key])
		}
	}
	r.watch.Done(r.now, q.ID, nil)
}

func (r *rounds) observe(question uint64, s *pipeline.Sample) {
	s.Asked, s.At, s.ServerTime = r.now, r.now, r.now
	if r.moving {
		s.State.LastSeq++
		s.State.Messages++
		s.State.LastTime = r.now
	}
	r.watch.Observe(r.now, question, s)
}

// BenchmarkRound10k takes in rounds over 10,000 healthy mirrors, and tells what one stream costs.
func BenchmarkRound10k(b *testing.B) {
	r := newRounds(healthy(tenThousand), nil)
	r.next()
	b.ReportAllocs()
	for b.Loop() {
		r.next()
		r.watch.Drain(false)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tenThousand, "ns/stream")
}

// TestNoAllocationAStream holds that a round over streams that copy what comes allocates for the round only: no more for many than
// for few. Where nothing comes, a stream is now and then looked at by itself, which costs some allocations.
func TestNoAllocationAStream(t *testing.T) {
	const few, many = 50, 450
	for name, origin := range map[string]*pipeline.OriginView{
		"nobody asks about origins": nil,
		"the origin is seen":        {Leader: "B", Created: epoch},
		"the origin is never seen":  {Fault: pipeline.Fault{Kind: pipeline.FaultDenied, Text: "Permissions Violation"}},
	} {
		t.Run(name, func(t *testing.T) {
			more := allocations(many, origin) - allocations(few, origin)
			if a := more / (many - few); a >= 0.01 {
				t.Errorf("%.3f allocations a stream and round", a)
			}
		})
	}
}

// allocations is how many a round over n streams makes once everything is known: the least of three times half a minute, since the
// runtime's own come on top.
func allocations(n int, origin *pipeline.OriginView) float64 {
	r := newRounds(healthy(n), origin)
	r.moving = true
	round := func() {
		r.next()
		r.watch.Drain(false)
	}
	least := testing.AllocsPerRun(12, round)
	for range 3 {
		least = min(least, testing.AllocsPerRun(6, round))
	}
	return least
}

// BenchmarkRing10k is the same with the ring around it, in real time: rounds follow each other without a pause. It tells also how
// late at worst the ring did what was due meanwhile.
func BenchmarkRing10k(b *testing.B) {
	source := &onPaper{samples: healthy(tenThousand), ended: make(chan struct{})}
	watch := pipeline.NewWatch(time.Now(), pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Interval: time.Millisecond, LooksPerSecond: 1e9, Board: pipeline.NewBoard(time.Now()),
	}, pipeline.State{})
	r := pipeline.NewRing("dr", watch, source, source, source, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(b.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.Run(ctx)
	}()
	<-source.ended
	b.ReportAllocs()
	for b.Loop() {
		<-source.ended
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tenThousand, "ns/stream")
	stop()
	<-stopped
	b.ReportMetric(float64(source.late.Microseconds())/1e3, "ms-late")
}

// onPaper is a source whose answers are all there, and what is told of the ring that asks it.
type onPaper struct {
	samples []pipeline.Sample
	ended   chan struct{} // a round
	late    time.Duration
}

func (o *onPaper) Look(ctx context.Context, _ []pipeline.StreamKey, yield func(*pipeline.Sample)) error {
	now := time.Now()
	for i := range o.samples {
		s := &o.samples[i]
		s.Asked, s.At, s.ServerTime = now, now, now
		yield(s)
	}
	select {
	case o.ended <- struct{}{}:
	case <-ctx.Done():
	}
	return nil
}

func (o *onPaper) Submit(pipeline.Kept) {}

func (o *onPaper) Looked(string, pipeline.Looked) {}

func (o *onPaper) Turned(_ string, late time.Duration, _ int) { o.late = max(o.late, late) }
