package pipeline

import (
	"fmt"
	"slices"
	"unsafe"
)

// Packed is how many bytes the streams of a watch take packed, on the average; and what each takes beside, but for where its names lie.
func Packed(w *Watch) (packed, handle float64) {
	total := 0
	for n := range w.shelf.all() {
		total += len(w.shelf.packed.at(n))
	}
	var s stream
	return float64(total) / float64(w.shelf.streams.len()), float64(int(unsafe.Sizeof(s)) - Naming)
}

// Naming is how many bytes tell where the names of a stream, and of its first link's origin, lie.
const Naming = int(unsafe.Sizeof(naming{}))

// Named is how many pairs of names a watch holds: one for each of its streams.
func Named(w *Watch) (pairs, streams int) {
	for _, c := range w.shelf.names.chunks {
		pairs += c.held
	}
	return pairs, w.shelf.streams.len()
}

// Reopen takes every stream of a watch down, and puts it back.
func Reopen(w *Watch) {
	for range w.each() {
		continue
	}
}

// KeepOpen lets a watch never read back what it packs from now on.
func KeepOpen(w *Watch) { w.shelf.keeps = true }

// Calm is how many of a watch's streams are at rest and calm, and how many there are.
func Calm(w *Watch) (calm, all int) {
	for _, s := range w.shelf.all() {
		all++
		if s.body != nil {
			continue
		}
		b, _ := w.shelf.glance(s)
		w.shelf.spare(b)
		if b.calm.is {
			calm++
		}
	}
	return calm, all
}

// Known is all that a watch knows of its streams, in words: of one at rest, what is read back. Last comes how many links were proven anew.
func Known(w *Watch) (all []string) {
	for _, s := range w.shelf.all() {
		m, b := w.shelf.mark(), s.body
		if b == nil {
			b = w.shelf.body(s)
			w.shelf.packer.read(w.shelf.packed.at(s.number))
			b.pack(&w.shelf.packer)
		}
		all = append(all, b.words())
		if s.body == nil {
			w.shelf.spare(b)
		}
		w.shelf.settle(m)
	}
	slices.Sort(all)
	return append(all, fmt.Sprint(w.proven))
}

func (b *body) words() string {
	text := fmt.Sprintln(b.key, b.first, b.fault, b.due, b.asked, b.seen, b.at, b.missed, b.waiting, b.queue, b.asking, b.gone, b.headless, b.events, b.dirty)
	for _, s := range []*Sample{b.whole, b.led} {
		if s != nil {
			text += fmt.Sprintf("%+v\n", *s)
		}
	}
	for _, l := range b.links {
		known := *l
		known.origin, known.progress.origin = nil, nil
		text += fmt.Sprintf("%+v\n", known)
		if v := l.progress.origin; v != nil {
			view := *v
			view.Subjects = nil
			text += fmt.Sprintf("%+v\n", view)
		}
	}
	return text
}

// Inexact is Progress.inexact.
func (p *Progress) Inexact() bool { return p.inexact() }
