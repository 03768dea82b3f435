package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/diagnosis"
)

// dark lets a Watch see an aggregate of many sources, first well, and then without contact until an incident is open on each.
// What is told of the origins is origin; nil: nobody asks about them.
func dark(tb testing.TB, sources int, origin *pipeline.OriginView) (*rounds, *pipeline.Board) {
	s := pipeline.Sample{
		Key: key("ALL"), Leader: "A", Created: epoch.Add(-time.Hour), State: pipeline.StreamState{LastSeq: 1},
		Settings: &pipeline.Settings{Policy: pipeline.Policy{SeenCritical: pipeline.Some(time.Minute)}},
	}
	for i := range sources {
		s.Links = append(s.Links, pipeline.LinkSample{
			Kind: pipeline.KindSource, Origin: fmt.Sprintf("ORDERS_EU_WEST_%05d", i), Reported: true, Active: time.Second, Seq: 1,
		})
	}
	board := pipeline.NewBoard(epoch)
	r := &rounds{now: epoch, samples: []pipeline.Sample{s}, origin: origin}
	r.byKey = map[pipeline.StreamKey]*pipeline.Sample{s.Key: &r.samples[0]}
	r.watch = pipeline.NewWatch(epoch, pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 500, Board: board,
		Origins: origin != nil, Diagnoser: diagnosis.Diagnoser{},
	}, pipeline.State{})
	r.next()
	for i := range s.Links {
		s.Links[i].Active = -1 // the samples share the links
	}
	for r.now.Before(at(90)) {
		r.next()
		r.watch.Drain(false)
	}
	if open := len(r.watch.Incidents()); open != sources {
		tb.Fatalf("%d incidents are open on %d sources", open, sources)
	}
	return r, board
}

// BenchmarkDark takes in samples of an aggregate of which all sources are dark, and tells what one source costs: much the same
// among many as among few.
func BenchmarkDark(b *testing.B) {
	for _, sources := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("%d sources", sources), func(b *testing.B) {
			r, _ := dark(b, sources, nil)
			b.ReportAllocs()
			for b.Loop() {
				r.next()
				r.watch.Drain(false)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e3/float64(sources), "µs/source")
		})
	}
}

// BenchmarkDarkOrigins does so while each of the thousand origins is seen once in 10 s, and tells what a second of that costs.
func BenchmarkDarkOrigins(b *testing.B) {
	r, _ := dark(b, 1000, &pipeline.OriginView{Leader: "B", Created: epoch})
	begun := r.now
	for b.Loop() {
		r.next()
		r.watch.Drain(false)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/r.now.Sub(begun).Seconds(), "ms/s")
}
