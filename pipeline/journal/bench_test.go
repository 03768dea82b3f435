package journal_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"mirrorwatch/pipeline"
)

// BenchmarkCommitStreams writes the records of a thousand streams.
func BenchmarkCommitStreams(b *testing.B) {
	j := open(b, b.TempDir(), start)
	c := pipeline.Commit{}
	for i := range 1000 {
		c.Streams = append(c.Streams, stream(fmt.Sprintf("S%d", rand.IntN(1<<30)+i)))
	}
	commit(b, j, c)
	before := written()
	for b.Loop() {
		commit(b, j, c)
	}
	perStream(b, before, 1000)
}

// BenchmarkCommitProofs writes the proofs of a hundred thousand links as a watch gives them out in 30 s, in commits of 5 s.
func BenchmarkCommitProofs(b *testing.B) {
	const links, commits = 100_000, 6
	j := open(b, b.TempDir(), start)
	sets := [][]pipeline.ProofPage{proofsOf(b, links), proofsOf(b, links)}
	size := 0
	for _, p := range sets[1] {
		size += len(p.Data)
	}
	commit(b, j, pipeline.Commit{Proofs: sets[1]})
	before, n := written(), 0
	for b.Loop() {
		pages := sets[n%2]
		for i := range commits {
			commit(b, j, pipeline.Commit{Proofs: pages[i*len(pages)/commits : (i+1)*len(pages)/commits]})
		}
		n++
	}
	perStream(b, before, links)
	b.ReportMetric(float64(size)/links, "data-B/stream")
}

// perStream tells what a stream costs, in time and in what is written.
func perStream(b *testing.B, before int64, streams int) {
	n := float64(b.N) * float64(streams)
	b.ReportMetric(float64(b.Elapsed().Microseconds())/n, "µs/stream")
	b.ReportMetric(float64(written()-before)/n, "B/stream")
}

// written is how many bytes this process has written so far; 0 where the system does not tell.
func written() (n int64) {
	text, _ := os.ReadFile("/proc/self/io")
	_, after, _ := strings.Cut(string(text), "wchar: ")
	_, _ = fmt.Sscan(after, &n)
	return n
}

// proofsOf returns the pages that a watch gives out of streams that were proven within a minute.
func proofsOf(b *testing.B, streams int) []pipeline.ProofPage {
	from := pipeline.State{}
	for i := range streams {
		r := stream(fmt.Sprintf("S%06d", i))
		r.Links[0].Proof = start.Add(rand.N(time.Minute))
		from.Streams = append(from.Streams, r)
	}
	w := pipeline.NewWatch(start.Add(time.Minute), pipeline.WatchOptions{Connection: "dr", Interval: time.Minute, LooksPerSecond: 500}, from)
	pages := w.Drain(false).Proofs
	if len(pages) != streams/1000 {
		b.Fatalf("%d pages of %d streams", len(pages), streams)
	}
	return pages
}
