package pipeline

import (
	"maps"
	"slices"
	"time"
)

// This file holds when a Watch gives out proofs to be kept: in pages, apart from the records of streams.

const (
	// keepEvery is how often proofs are given out to be kept.
	keepEvery = 30 * time.Second
	// pageStreams is how many streams a page is about: those with so many numbers in a row. It takes some hundred microseconds, in
	// which nothing else is done.
	pageStreams = 1000
)

// pages is what a Watch knows of its proof pages.
type pages struct {
	due   time.Time      // when the next one is to be given out
	next  int            // its number
	known map[int]uint64 // those that are kept: the checksum of what is in them, or otherPage
	ready []ProofPage    // to be given out
	renew int            // how many are to be given out with the records of their streams

	unread error // why pages could not be read at the start
	writer pageWriter
}

// otherPage stands for a page that another Watch gave out: it may be about other streams.
const otherPage = 1 << 32

// beginPages goes on from pages that were kept: all of them are given out anew, at once, since streams have other numbers now.
func (w *Watch) beginPages(now time.Time, kept []ProofPage) {
	g := &w.pages
	g.known = make(map[int]uint64, len(kept))
	for i := range kept {
		g.known[kept[i].Number] = otherPage
	}
	w.makePages()
	g.due = now.Add(keepEvery / time.Duration(w.pageCount()))
}

// pageCount is how many pages there are: one at least.
func (w *Watch) pageCount() int {
	return max(1, (int(w.shelf.streams.given)+pageStreams-1)/pageStreams)
}

// turnPages makes the next page, where it is time: each once within keepEvery. What was opened is to be put back before.
func (w *Watch) turnPages(now time.Time) {
	g := &w.pages
	if now.Before(g.due) {
		return
	}
	n := w.pageCount()
	g.next %= n
	if g.renew > 0 {
		g.renew--
		for n, to := w.page(g.next); n < to; n++ {
			if s := w.shelf.streams.at(n); s != nil {
				w.keep(s)
			}
		}
	}
	w.makePage(g.next)
	g.next++
	g.due = now.Add(keepEvery / time.Duration(n))
}

// renewRecords has every record given out again with its page: people set the clock, and all times in it are others.
func (w *Watch) renewRecords() { w.pages.renew = w.pageCount() }

// makePages makes every page, and lets go of those that are left of more streams.
func (w *Watch) makePages() {
	n := w.pageCount()
	for number := range n {
		w.makePage(number)
	}
	for _, number := range slices.Sorted(maps.Keys(w.pages.known)) {
		if number < 0 || number >= n {
			w.pages.give(ProofPage{Connection: w.opt.Connection, Number: number}, 0)
		}
	}
}

// makePage makes a page of what is proven now, and has it given out where it says something new.
func (w *Watch) makePage(number int) {
	g := &w.pages
	g.writer.begin()
	for n, to := w.page(number); n < to; n++ {
		if s := w.shelf.streams.at(n); s != nil {
			b, _ := w.shelf.glance(s)
			g.writer.add(b)
			w.shelf.spare(b)
		}
	}
	data, sum := g.writer.end()
	g.give(ProofPage{Connection: w.opt.Connection, Number: number, Data: slices.Clone(data)}, uint64(sum))
}

// page is the numbers of the streams that a page is about: up to to. Some may be free.
func (w *Watch) page(number int) (from, to uint32) {
	all := w.shelf.streams.given
	return min(uint32(number*pageStreams), all), min(uint32((number+1)*pageStreams), all)
}

// give has a page given out, unless it is kept as it is.
func (g *pages) give(p ProofPage, sum uint64) {
	before, is := g.known[p.Number]
	switch {
	case p.Data == nil && !is, is && before == sum:
		return
	case p.Data == nil:
		delete(g.known, p.Number)
	default:
		g.known[p.Number] = sum
	}
	g.ready = append(g.ready, p)
}

// state names the pages that are kept.
func (g *pages) state(connection string) (named []ProofPage) {
	for _, number := range slices.Sorted(maps.Keys(g.known)) {
		named = append(named, ProofPage{Connection: connection, Number: number})
	}
	return named
}
