package pipeline_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// fleet is a Watch of many healthy mirrors, as a live server tells of them. Each has a name of its own, as its origin does.
type fleet struct {
	watch   *pipeline.Watch
	board   *pipeline.Board
	names   []string
	own     *pipeline.Settings
	now     time.Time
	sample  pipeline.Sample
	links   [1]pipeline.LinkSample
	round   uint64
	samples uint64
}

func newFleet(n int, origins bool) *fleet {
	f := &fleet{now: time.Now(), board: pipeline.NewBoard(epoch), names: make([]string, n)}
	f.own = &pipeline.Settings{Policy: pipeline.Policy{SeenCritical: pipeline.Some(time.Minute)}}
	for i := range f.names {
		f.names[i] = fmt.Sprintf("ORDERS_EU_WEST_MIRR_%05d", i) // 24 bytes and more
	}
	f.watch = pipeline.NewWatch(f.now, pipeline.WatchOptions{
		Connection: "dr", Rules: allRules(), Interval: 5 * time.Second, LooksPerSecond: 100_000, Board: f.board, Origins: origins,
	}, pipeline.State{})
	return f
}

// begin waits for the next round.
func (f *fleet) begin() {
	for f.round = 0; f.round == 0; {
		for _, q := range f.watch.Turn(f.now) {
			switch {
			case q.Origin != nil:
				f.watch.ObserveOrigin(f.now, q.ID, f.origin(*q.Origin))
			case q.Scope == nil && !q.Trunks:
				f.round = q.ID
			default:
				f.watch.Done(f.now, q.ID, nil)
			}
		}
		if f.round == 0 {
			f.now = later(f.watch.Next(), f.now)
		}
	}
}

// tell tells of the stream with a number.
func (f *fleet) tell(i int) {
	n := uint64(i)
	took := time.Duration(n*7919%400_000) + 300*time.Microsecond
	served := f.now.Add(-took / 2).UTC().Round(0)
	age := time.Duration((n*104_729+f.samples*31_337)%1_000_000) * time.Microsecond
	f.sample = pipeline.Sample{
		Key: key(f.names[i]), Asked: f.now.Add(-took), At: f.now, ServerTime: served, Leader: "nats-0", Created: createdOf(n),
		Settings: f.own, State: stateOf(n),
	}
	f.links[0] = pipeline.LinkSample{Kind: pipeline.KindMirror, Origin: originOf(f.names[i]), Reported: true, Active: age}
	f.sample.Links = f.links[:]
	f.watch.Observe(f.now, f.round, &f.sample)
	f.samples++
	f.now = f.now.Add(10 * time.Microsecond)
}

func (f *fleet) turn() {
	f.begin()
	for i := range f.names {
		f.tell(i)
	}
	f.watch.Done(f.now, f.round, nil)
	f.watch.Drain(false)
}

// origin is a view of an origin of which all was copied.
func (f *fleet) origin(k pipeline.OriginKey) *pipeline.OriginView {
	n, err := strconv.ParseUint(k.Stream[len("EU_WEST_MIRR_"):len(k.Stream)-len("_ORIGIN")], 10, 64)
	if err != nil {
		panic(err)
	}
	return &pipeline.OriginView{
		Key: k, Path: pipeline.PathOwn, Asked: f.now.Add(-time.Millisecond), At: f.now, ServerTime: f.now.UTC().Round(0), Created: epoch,
		Leader: "nats-7", State: stateOf(n), Subjects: []string{"orders." + k.Stream + ".>"},
	}
}

// stateOf is that of the stream with a number, and of its origin.
func stateOf(n uint64) pipeline.StreamState {
	return pipeline.StreamState{
		FirstSeq: 1, LastSeq: 1000 + n, Messages: 1000 + n, Bytes: (1000 + n) * 731, Subjects: 17,
		LastTime: createdOf(n).Add(time.Duration(n) * time.Second),
	}
}

func createdOf(n uint64) time.Time { return epoch.Add(-time.Duration(n*1_299_709) * time.Millisecond) }

func TestBoardIsReadWhileTheRingGoesOn(t *testing.T) {
	f := newFleet(500/shrunk, true)
	f.turn()
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for reading := true; reading; {
				select {
				case <-done:
					reading = false
				default:
				}
				seen := map[string]bool{}
				for l := range f.board.Links() {
					if l.Subject.Connection != "dr" || l.Limit != time.Minute || l.Proof.After(l.Updated) || l.Updated.IsZero() {
						t.Errorf("half a row: %+v", l)
					}
					seen[l.Subject.Stream] = true
				}
				if len(seen) != len(f.names) {
					t.Errorf("%d links, want %d", len(seen), len(f.names))
				}
			}
		})
	}
	for range 20 {
		f.turn()
	}
	close(done)
	wg.Wait()
}

func TestReadingTheBoardAllocatesNothingALink(t *testing.T) {
	f := newFleet(2000, false)
	f.turn()
	f.turn()
	rows := 0
	read := func() {
		rows = 0
		for range f.board.Links() {
			rows++
		}
	}
	if n := testing.AllocsPerRun(5, read); n > 40 || rows != len(f.names) {
		t.Errorf("%.0f allocations for %d links", n, rows)
	}
}

// BenchmarkState tells how many bytes a link takes, with its name and its origin's, all indexes and the board.
func BenchmarkState(b *testing.B) {
	const n = 100_000
	for _, origins := range []bool{false, true} {
		b.Run(fmt.Sprintf("origins=%v", origins), func(b *testing.B) {
			for b.Loop() {
				f, all, pieces := grown(n, origins)
				packed, handle := pipeline.Packed(f.watch)
				b.ReportMetric(all, "B/link")
				b.ReportMetric(all-namesOf(f), "B/link-beside-names")
				b.ReportMetric(packed+handle, "B/state")
				b.ReportMetric(pieces, "pieces/link")
			}
		})
	}
}

// namesOf is how many bytes the names of a link and of its origin take, with what tells where they lie.
func namesOf(f *fleet) float64 {
	total := 0
	for _, name := range f.names {
		total += len(name) + len(originOf(name)) + pipeline.Naming
	}
	return float64(total) / float64(len(f.names))
}

func originOf(name string) string { return name[7:] + "_ORIGIN" }

// BenchmarkBoard tells what reading one link of many costs.
func BenchmarkBoard(b *testing.B) {
	const n = 100_000
	f := newFleet(n, false)
	f.turn()
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		for l := range f.board.Links() {
			if l.Level == pipeline.OK {
				rows++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/link")
}

// BenchmarkRest tells what taking a stream down costs, and putting it back: at best, of many times.
func BenchmarkRest(b *testing.B) {
	const n = 1000
	for _, origins := range []bool{false, true} {
		b.Run(fmt.Sprintf("origins=%v", origins), func(b *testing.B) {
			f := newFleet(n, origins)
			for range 4 {
				f.turn()
			}
			best := time.Hour
			for b.Loop() {
				began := time.Now()
				pipeline.Reopen(f.watch)
				best = min(best, time.Since(began))
			}
			b.ReportMetric(float64(best.Nanoseconds())/n, "ns/stream")
		})
	}
}
