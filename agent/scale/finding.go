package main

import (
	"fmt"
	"slices"
	"time"

	"mirrorwatch/pipeline"
)

// finding is how links that failed were told of.
type finding struct {
	failed map[string]failure // by stream
	links  int
	told   map[string]page // by stream and origin: the first page about its silence
	early  int             // incidents that opened before the last proof and the limit
	other  int             // critical pages about links that did not fail

	questions int       // single looks at streams that failed, before they were told of
	opened    []float64 // ms from the last proof and the limit to the decision
	handed    []float64 // and to the first receiver
	older     []float64 // from the last proof to the last contact that there was: a proof needs a look
}

func newFinding(failed []failure) *finding {
	f := &finding{failed: map[string]failure{}, told: map[string]page{}}
	for _, x := range failed {
		f.failed[x.Stream] = x
		f.links += x.Links
	}
	return f
}

// arrived takes pages in.
func (f *finding) arrived(pages []page) {
	for _, p := range pages {
		if p.Rule != "seen" || p.Change != pipeline.Opened {
			continue
		}
		x, failed := f.failed[p.Stream]
		key := p.Stream + " " + p.Origin
		if _, again := f.told[key]; again {
			continue
		}
		if !failed {
			f.other++
			continue
		}
		f.older = append(f.older, x.Heard[p.Origin].Sub(p.Since).Seconds()*1e3)
		f.told[key] = p
		deadline := p.Since.Add(x.Limit)
		if p.Time.Before(deadline) {
			f.early++
		}
		f.opened = append(f.opened, p.Time.Sub(deadline).Seconds()*1e3)
		f.handed = append(f.handed, p.at.Sub(deadline).Seconds()*1e3)
	}
}

// count counts the single looks that came before each stream was first told of.
func (f *finding) count(asked map[string][]time.Time) {
	first := map[string]time.Time{}
	for _, p := range f.told {
		if at := first[p.Stream]; at.IsZero() || p.Time.Before(at) {
			first[p.Stream] = p.Time
		}
	}
	for stream, times := range asked {
		told, ok := first[stream]
		for _, at := range times {
			if !ok || at.Before(told) {
				f.questions++
			}
		}
	}
}

// at is the value that a share of all is no more than.
func at(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func (f *finding) print(to writer, round time.Duration) {
	if round > 0 {
		fmt.Fprintf(to, "One of three servers frozen: the slowest of three rounds took %.2f s.\n\n", round.Seconds())
	}
	fmt.Fprintf(to, "%d links of %d streams failed at once; %d were told of, %d of them too early; %d pages were about links that had not failed.\n\n",
		f.links, len(f.failed), len(f.told), f.early, f.other)
	fmt.Fprintln(to, "| ms after the last proof and the limit | p50 | p99 | most |\n|---|---|---|---|")
	for _, line := range []struct {
		what   string
		values []float64
	}{{"the incident opened", f.opened}, {"its page was at the receiver", f.handed}, {"beside it: from the last proof to the last contact that there was", f.older}} {
		fmt.Fprintf(to, "| %s | %.0f | %.0f | %.0f |\n", line.what, at(line.values, 0.5), at(line.values, 0.99), at(line.values, 1))
	}
	fmt.Fprintf(to, "\nSingle looks at streams that failed, until they were told of: %d, %.2f a stream.\n", f.questions, f.perBreach())
}

func (f *finding) perBreach() float64 { return float64(f.questions) / float64(max(1, len(f.failed))) }

// aims is what a finding is held to. A frozen server is another: then only the latest counts, of links on servers that answer.
func (f *finding) aims(round time.Duration) []aim {
	aims := []aim{
		{"links that were not told of", float64(f.links - len(f.told)), 0, ""},
		{"incidents that opened too early", float64(f.early), 0, ""},
		{"proofs younger than the last contact, by", -at(f.older, 0), 10, "ms"},
		{"latest page after the last proof and the limit", at(f.handed, 1), mostLate, "ms"},
	}
	if round > 0 {
		return append(aims, aim{"a round with a frozen server", round.Seconds(), mostRound, "s"})
	}
	return append(aims,
		aim{"p99 of pages after the last proof and the limit", at(f.handed, 0.99), mostP99, "ms"},
		aim{"single looks a stream that failed", f.perBreach(), mostQuestions, ""},
		aim{"pages about links that had not failed", float64(f.other), 0, ""})
}
