package pipeline_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// While nothing but proofs changes no record is written again, and whoever is killed knows all proofs but the newest.
func TestProofsAreKeptInPages(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), limit: secs(30)}, &mirror{key: key("B"), source: true, data: true}, &mirror{key: key("C"), cut: cut(100, 900)})
	w.watching = func(now time.Time) {
		if now.Before(at(45)) { // first seen, proven, and in a page
			return
		}
		kept := w.disk.state()
		if err := pipeline.Renew(kept.Streams, kept.Proofs); err != nil {
			t.Fatal(err)
		}
		for _, r := range kept.Streams {
			proof, truth := r.Links[0].Proof, w.mirrors[r.Key].contact(now)
			if proof.After(truth) || truth.Sub(proof) > secs(30+6) {
				t.Fatalf("at %s: %s is kept as proven at %s, true contact was at %s", since(now), r.Key.Stream, since(proof), since(truth))
			}
		}
	}
	w.run(0, 390)
	if w.disk.renewed != 3 || len(w.disk.pages) != 1 {
		t.Errorf("%d records written of 3 streams, %d pages", w.disk.renewed, len(w.disk.pages))
	}
	w.run(390, 500) // C falls due
	if w.disk.renewed != 4 {
		t.Errorf("%d records written, want one more, with the incident", w.disk.renewed)
	}
}

func TestAStreamThatComesBackInheritsNoProof(t *testing.T) {
	w := newWorld(t, &mirror{key: key("A"), fault: []faulty{{cut(61, 81)[0], pipeline.FaultNotFound}}, absent: cut(80, 900)}, &mirror{key: key("B")})
	w.run(0, 62)
	old := w.disk.state().Proofs
	w.run(62, 90)
	kept := w.disk.state()
	kept.Proofs = old
	if n := len(kept.Streams); n != 2 || !kept.Streams[0].First.After(at(80)) {
		t.Fatalf("%d streams, A seen since %s", n, since(kept.Streams[0].First))
	}
	before := kept.Streams[1].Links[0].Proof
	if err := pipeline.Renew(kept.Streams, kept.Proofs); err != nil {
		t.Fatal(err)
	}
	if a, b := kept.Streams[0].Links[0].Proof, kept.Streams[1].Links[0].Proof; !a.IsZero() || !b.After(before) {
		t.Errorf("A is proven at %s, B at %s, before %s", since(a), since(b), since(before))
	}
}

// Streams have other numbers in another watch: its pages take the places of all before it at once.
func TestAnotherWatchReplacesAllPages(t *testing.T) {
	from := pipeline.State{Streams: []pipeline.StreamRecord{fed("A", 10)}, Proofs: pagesOf(fed("A", 20), fed("GONE", 30))}
	for number := range 5 {
		from.Proofs = append(from.Proofs, pipeline.ProofPage{Connection: "dr", Number: number + 1, Data: pagesOf(fed("A", 15))[0].Data})
	}
	w := pipeline.NewWatch(at(100), pipeline.WatchOptions{Connection: "dr", Interval: time.Minute, LooksPerSecond: 1}, from)
	d := newDisk()
	for _, p := range from.Proofs {
		d.pages[p.Number] = p
	}
	d.keep(w.Drain(false))
	again := []pipeline.StreamRecord{fed("A", 10)}
	if err := pipeline.Renew(again, d.state().Proofs); err != nil || len(d.pages) != 1 || proofs(again[0])[0] != 20 {
		t.Errorf("%d pages, A is proven at %v: %v", len(d.pages), proofs(again[0]), err)
	}
	if k := w.Drain(true); len(k.Proofs)+len(k.Streams) > 0 {
		t.Errorf("%d pages and %d records that are kept already", len(k.Proofs), len(k.Streams))
	}
	if s := w.State(); len(s.Proofs) != 1 || s.Proofs[0].Connection != "dr" || s.Proofs[0].Number != 0 || s.Proofs[0].Data != nil {
		t.Errorf("pages named: %+v", s.Proofs)
	}
}

func TestPagesAreSpreadOverHalfAMinute(t *testing.T) {
	r := newRounds(healthy(3500), nil)
	r.next() // one each 5 s
	r.watch.Drain(false)
	given := map[int]int{}
	for range 13 {
		r.next()
		pages := r.watch.Drain(false).Proofs
		for _, p := range pages {
			given[p.Number]++
		}
		if len(pages) > 1 {
			t.Errorf("%d pages within 5 s", len(pages))
		}
	}
	for number := range 4 {
		if given[number] < 1 || given[number] > 2 {
			t.Errorf("page %d was given out %d times in 65 s", number, given[number])
		}
	}
	if pages := r.watch.Drain(true).Proofs; len(given) != 4 || len(pages) == 0 || len(pages) > 4 {
		t.Errorf("pages %v, and %d at the end", given, len(pages))
	}
}

// After the clock was set, times that were kept before lie elsewhere: all records are written again, as their pages come.
func TestRecordsAreGivenOutAgainWhenTheClockWasSet(t *testing.T) {
	r := newRounds(healthy(3500), nil)
	r.next()
	r.watch.Drain(true)
	pipeline.SetClock(r.watch)
	again := map[string]int{}
	for range 13 {
		r.next()
		records := r.watch.Drain(false).Streams
		for _, s := range records {
			again[s.Key.Stream]++
		}
		if len(records) > 1000 {
			t.Errorf("%d records within 5 s", len(records))
		}
	}
	for name, n := range again {
		if n != 1 {
			t.Errorf("%s was given out %d times", name, n)
		}
	}
	if len(again) != 3500 {
		t.Errorf("%d records of 3500", len(again))
	}
}

func TestARingTellsOfPagesThatCannotBeRead(t *testing.T) {
	var log bytes.Buffer
	from := pipeline.State{Proofs: []pipeline.ProofPage{{Connection: "dr", Number: 3, Data: []byte("damaged")}}}
	w := pipeline.NewWatch(epoch, pipeline.WatchOptions{Connection: "dr", Interval: time.Minute, LooksPerSecond: 1}, from)
	pipeline.NewRing("dr", w, nil, nil, nil, slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(log.String(), "read proof page 3 of dr: its checksum is wrong") {
		t.Errorf("logged %q", log.String())
	}
	if k := w.Drain(false); len(k.Proofs) != 1 || k.Proofs[0].Number != 3 || k.Proofs[0].Data != nil {
		t.Errorf("%+v, want the page removed", k.Proofs)
	}
}

// BenchmarkProofPage makes a page of a thousand links, while nobody decides.
func BenchmarkProofPage(b *testing.B) {
	r := newRounds(healthy(1000), nil)
	r.next()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r.next()
		b.StartTimer()
		if len(r.watch.Drain(true).Proofs) == 0 {
			b.Fatal("no page")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/stream")
}
